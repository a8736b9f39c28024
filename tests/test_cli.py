import json
import subprocess

import pytest
import torch

from alpharl_bench.runs.trained import TrainedRun
from tests.models import trained_pair
from tests.processes import run_command
from tests.scores import session_of


def test_a_report_is_made_again_from_its_folder(synthetic, tmp_path):
    evidence = {synthetic.name: synthetic.evidence({"base": 0.2, "full": 0.8})}
    claims = {synthetic.name: ["P1.1"]}
    session_of([synthetic.spec], evidence, claims).save(tmp_path)
    result = run_command("report", tmp_path)
    assert result.returncode == 0
    assert (tmp_path / "report.md").is_file()


def test_runs_are_listed():
    # Typed as it stands: this Python starts anew.
    result = subprocess.run(
        ["alpharl-bench", "zoo", "list"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0
    assert "qwen3-facts-dapo" in result.stdout


def test_the_papers_errata_are_printed():
    result = run_command("paper")
    assert result.returncode == 0
    assert "/ 6 = 68.225" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("zoo", "train", "qwen3-facts-gpro"), "did you mean 'qwen3-facts-grpo'?"),
        (("zoo", "build-base", "qwen4-facts", "--out", "x"), "did you mean 'qwen3-facts'?"),
        (("zoo", "build-base", "qwen3-facts", "--out", "/"), "'--out': '/' is there already"),
        (("report", "/nowhere"), "'/nowhere' is not there"),
        (("report", "docs"), "no stored session"),
    ],
)
def test_a_mistake_is_one_line(arguments, message):
    result = run_command(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_cache_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    result = run_command("zoo", "list", ALPHARL_BENCH_CACHE=tmp_path / "file" / "cache")
    assert result.returncode == 2
    assert "ALPHARL_BENCH_CACHE" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return trained_pair(tmp_path_factory.mktemp("pair"), "qwen3", dtype=torch.bfloat16, scale=1e-3)


def extract(pair, out, *options):
    base, checkpoint = pair
    source = ("--base", base, "--checkpoint", checkpoint)
    return run_command("extract", *source, "--out", out, *options)


def test_an_update_is_extracted_and_its_rounding_shown(pair, tmp_path):
    result = extract(pair, tmp_path / "out", "--rank", "1", "--format", "merged")
    assert result.returncode == 0, result.stderr
    rows = {row.split("|")[1].strip(): row for row in result.stdout.splitlines() if "|" in row}
    assert "bfloat16" in rows["merged"]
    assert "1.0000" in rows["peft"]
    assert "1.0000" not in rows["merged"]  # bfloat16 swallows a part of so small an update
    assert (tmp_path / "out" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rank", "0"), "'0' is neither a whole number from 1 nor a share of 1% to 100%"),
        (("--rank", "101%"), "'101%' is neither a whole number from 1 nor a share"),
        (("--rank", "two"), "'two' is neither a whole number"),
        (("--subspace", "0"), "'0' is not a whole number from 1"),
        (("--subspace", "17"), "of shape (16, 32) has 16 subspaces"),
        (("--subspace", "2", "--rank", "3"), "--subspace and --rank exclude each other"),
        (("--alpha", "nan"), "'nan' is not a number other than 0"),
        (("--device", "tpu"), "--device tpu: unknown; one of auto, cpu, cuda"),
    ],
)
def test_a_wrong_option_of_extract_is_one_line(pair, tmp_path, options, message):
    result = extract(pair, tmp_path / "out", *options)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_run_in_place_of_a_checkpoint_asks_for_one(pair, tmp_path):
    for step in (1, 2):
        (tmp_path / f"checkpoint-{step}").symlink_to(pair[1])
    result = extract((pair[0], tmp_path), tmp_path / "out")
    assert result.returncode == 2
    assert "holds 2 checkpoints; name one, as" in result.stderr


def test_doctor_says_what_it_found_and_what_is_wrong(pair, tmp_path):
    (tmp_path / "checkpoint-4").symlink_to(pair[1])
    healthy = run_command("doctor", tmp_path, "--base", pair[0], "--deep")
    assert healthy.returncode == 0, healthy.stdout
    assert "14 matrices" in healthy.stdout
    unknown = run_command("doctor", tmp_path)
    assert unknown.returncode == 1
    assert "pass --base REF" in unknown.stdout
    nowhere = run_command("doctor", tmp_path / "nowhere")
    assert nowhere.returncode != 0
    assert "Traceback" not in nowhere.stderr


@pytest.fixture(scope="module")
def trained_run(short_registry):
    """A run of three checkpoints, really trained, with its base and accuracies of its own."""
    opened = TrainedRun(short_registry.run("qwen3-facts-grpo"), short_registry).open().run
    folder = opened.final.path.parent
    values = {str(step): 0.2 + 0.1 * n for n, step in enumerate(opened.steps)}
    return folder, opened.base, values


def forecast(trained_run, tmp_path, method, *options):
    folder, base, values = trained_run
    (tmp_path / "accuracies.json").write_text(json.dumps(values))
    arguments = ["--run", folder, "--base", base, "--method", method, "--out", tmp_path / "out"]
    return run_command("forecast", *arguments, *options)


@pytest.mark.parametrize(("method", "form"), [("alpharl", "peft"), ("relex", "merged")])
def test_a_real_run_is_forecast(trained_run, tmp_path, method, form):
    options = ["--observed", "0.3", "--total-steps", "20"]
    if method == "alpharl":
        options += ["--accuracies", str(tmp_path / "accuracies.json"), "--target", "0.6"]
    result = forecast(trained_run, tmp_path, method, *options)
    assert result.returncode == 0, result.stderr
    assert "3 checkpoints, steps 2, 4, 6: 30% of 20" in result.stdout
    assert f"format {form}" in result.stdout
    assert "without step 4" in result.stdout
    record = json.loads((tmp_path / "out" / "forecast.json").read_text())
    assert [left["step"] for left in record["left_out"]] == [2, 4, 6]
    if method == "alpharl":
        assert record["accuracies"]["source"] == str(tmp_path / "accuracies.json")
        assert record["target"] == {"step": None, "accuracy": 0.6}
        assert (tmp_path / "out" / "adapter_model.safetensors").is_file()
    else:
        assert record["accuracies"] is None
        assert record["target"] == {"step": 20, "accuracy": None}
        assert (tmp_path / "out" / "model.safetensors").is_file()


def test_a_wrong_option_of_forecast_is_one_line(trained_run, tmp_path):
    result = forecast(trained_run, tmp_path, "relex", "--observed", "0.4")
    assert result.returncode == 2
    assert "1 observed checkpoints: this method needs at least 2" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()
