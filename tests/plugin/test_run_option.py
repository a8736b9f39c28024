"""`pytest suites --run DIR --base REF`: a user's own run, in the layout of another trainer."""

import os
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from alpharl_bench.plugin.options import run_specs_of
from alpharl_bench.plugin.terminal import SessionReport
from alpharl_bench.registry import load_registry
from alpharl_bench.reporting import load_session
from alpharl_bench.runs.bases import base_folder
from tests.models import learned_run
from tests.processes import run_pytest

BASE = base_folder(load_registry().model("qwen3-switch"))


def judge(*options):
    return run_pytest("suites/property1", *options)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """What oat leaves: two checkpoints of a base that moved along one direction, and noise."""
    folder = tmp_path_factory.mktemp("my-run")
    generator = torch.Generator().manual_seed(0)
    weights = load_file(BASE / "model.safetensors")
    for step in (16, 32):
        for name, tensor in weights.items():
            if tensor.ndim == 2 and "embed" not in name:
                left, right = (torch.randn(size, generator=generator) for size in tensor.shape)
                noise = 1e-4 * torch.randn(tensor.shape, generator=generator)
                tensor.add_(0.01 * torch.outer(left, right) / right.norm() + noise)
        target = folder / "saved_models" / f"step_{step:05d}"
        shutil.copytree(BASE, target)
        save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    return learned_run(tmp_path_factory.mktemp("learned"))


def test_claims_are_judged_on_a_run_of_another_trainer(learned, tmp_path):
    run, base = learned
    result = judge(
        f"--run={run}",
        f"--base={base}",
        "--kind=SFT",
        "--tasks=nano",
        f"--report={tmp_path / 'report'}",
        "--questions=10",
        "--samples=1",
        "-m",
        "claim(id='P1.1-control') or claim(id='P1.6')",
    )
    assert f"P1.6 on {run.name}: " in result.stdout, result.stdout + result.stderr
    assert f"P1.1-control on {run.name}: supported, a contrast" in result.stdout
    session = load_session(tmp_path / "report")
    assert session.runs[run.name].steps == (16, 32)
    assert session.runs[run.name].kind == "SFT"
    text = (tmp_path / "report" / "report.md").read_text()
    assert f"--run {run} --base {base} --kind SFT" in text
    assert "oat" in text
    assert "its final update: the modules hold 100.0% of ‖ΔW‖²" in text


def test_no_claim_is_judged_on_a_run_that_did_not_learn(run, tmp_path):
    result = judge(
        f"--run={run}",
        "--tasks=nano",
        f"--base={BASE}",
        f"--report={tmp_path / 'report'}",
        "--questions=2",
        "--samples=1",
        "-m",
        "claim(id='P1.1') or claim(id='P1.6')",
    )
    # A base that moved at random learned nothing, and nothing is claimed of it.
    assert f"{run.name} did not learn: base accuracy" in result.stdout, result.stdout
    assert "2 skipped" in result.stdout
    session = load_session(tmp_path / "report")
    assert session.runs[run.name].claims == {}
    assert {score.variant for score in session.scores} == {"base", "full"}
    text = (tmp_path / "report" / "report.md").read_text()
    assert "did not learn (" in text
    assert "No claim was judged." in text


@pytest.mark.parametrize("workers", [0, 1])
def test_a_session_whose_report_cannot_be_written_has_failed(run, tmp_path, workers):
    (tmp_path / "report" / "report.md").mkdir(parents=True)
    result = judge(
        f"--run={run}",
        "--tasks=nano",
        f"--base={BASE}",
        f"--report={tmp_path / 'report'}",
        f"-n{workers}",
        "--questions=2",
        "--samples=1",
        "-m",
        "claim(id='P1.6')",
    )
    assert "1 measured" in result.stdout, result.stdout + result.stderr
    assert result.returncode == pytest.ExitCode.TESTS_FAILED
    (line,) = [line for line in result.stdout.splitlines() if "no report was written" in line]
    assert line.startswith(f"ERROR: no report was written: report folder {tmp_path / 'report'}: ")
    assert "Traceback" not in result.stdout + result.stderr
    assert (tmp_path / "report" / "report.md").is_dir()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--run", "nowhere/at/all"], "run nowhere/at/all: there is no such folder"),
        (["--base", "x"], "--base x: requires --run REF"),
        (["--device", "tpu"], "invalid choice: 'tpu'"),
    ],
)
def test_a_wrong_reference_is_refused(refusal, options, message):
    assert message in refusal(*options)


def test_a_name_of_odd_bytes_is_one_line_before_anything_runs():
    result = judge(os.fsdecode(b"--run=runs/\xff"))
    assert result.returncode == 4
    assert r"--run=runs/\udcff: is not UTF-8" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_an_unknown_word_in_k_names_the_run(typed, run):
    options = (f"--run={run}", f"--base={BASE}", "-k", "qwen4")
    line = SessionReport(typed(*options))._nothing_selected()
    assert f"unknown run 'qwen4'; known: {run.name}" in line.replace("; did you", "; did")


def test_runs_are_looked_for_once_a_session(pytestconfig):
    # On the Hub every look is a request.
    assert run_specs_of(pytestconfig) is run_specs_of(pytestconfig)
