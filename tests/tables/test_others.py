"""A table of another distribution is planned, measured, judged, merged and shown, like our own."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.byte_model import write_byte_pair
from tests.distributions import install
from tests.processes import path_of, run_command, run_pytest
from tests.tables.toy import ENTRY_POINTS, MODULES


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers") / "installed"
    install(folder, "layers", MODULES, ENTRY_POINTS)
    return folder


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """As many layers as an interval over layers takes."""
    return write_byte_pair(tmp_path_factory.mktemp("pair"), layers=8)


def session(installed, pair, *options):
    base, checkpoint = pair
    words = ("-p", "alpharl_bench.plugin", "--pyargs", "toy_layers")
    run = (f"--run={checkpoint}", f"--base={base}")
    return run_pytest(*words, *run, *options, PYTHONPATH=path_of(installed))


@pytest.fixture(scope="module")
def reports(installed, pair, tmp_path_factory):
    """Two sessions, each of one claim, and what they are merged to."""
    folder = tmp_path_factory.mktemp("reports")
    for name, claim in (("one", "L1"), ("two", "L2")):
        done = session(installed, pair, "-m", f"claim(id='{claim}')", f"--report={folder / name}")
        assert (folder / name / "report.md").is_file(), done.stdout + done.stderr
    merged = ("report", folder / "one", folder / "two", "--out", folder / "both")
    done = run_command(*merged, PYTHONPATH=path_of(installed))
    assert done.returncode == 0, done.stderr
    return folder


def test_a_plan_prices_what_the_table_declares(installed, pair):
    done = session(installed, pair, "--plan")
    rows = [line for line in done.stdout.splitlines() if line.startswith("| L")]
    assert [row.split("|")[1].strip() for row in rows] == ["L1", "L2"], done.stdout
    scored, chains = (row.split("|")[6:8] for row in rows)
    assert scored == chains == [scored[0], scored[1]]
    assert scored[0].strip() == "0"  # weights alone are read


def test_the_verdicts_are_those_of_its_rows(reports, pair):
    results = json.loads((reports / "both" / "results.json").read_text())
    verdicts = {v["claim"].rpartition(":")[2]: v for v in results["verdicts"]}
    # Layers are no sample: what is computed from them is a fact of the run.
    assert {name: (v["outcome"], v["alone"]) for name, v in verdicts.items()} == {
        "L1": ("measured", True),
        "L2": ("measured", True),
    }
    base, checkpoint = (load_file(folder / "model.safetensors") for folder in pair)
    layers: dict[str, float] = {}
    for name, tensor in base.items():
        if tensor.ndim == 2 and ".layers." in name:
            layer = name.split(".layers.")[1].split(".")[0]
            moved = np.float64(checkpoint[name]) - tensor
            layers[layer] = layers.get(layer, 0) + float((moved**2).sum())
    lengths = np.sqrt(list(layers.values()))
    named = {name.rpartition(":")[2]: claim for name, claim in results["claims"].items()}
    assert named["L1"]["units"] == "layers"
    assert verdicts["L1"]["count"] == len(lengths)
    assert verdicts["L1"]["value"]["estimate"] == pytest.approx(lengths.mean(), rel=1e-5)


def test_the_merged_report_shows_it_in_every_form(reports):
    text = (reports / "both" / "report.md").read_text()
    for claim in ("L1 Every layer moves", "L2 Every layer moves far"):
        assert f"### {claim}\n" in text
    assert "mean over layers" in text
    assert "| length" in text
    figures = {path.stem for path in (reports / "both" / "figures").iterdir()}
    assert figures == {"layers", "far"}
    page = (reports / "both" / "report.html").read_text()
    assert "L2 Every layer moves far" in page
    assert "mean over layers" in page


def test_a_table_that_is_not_installed_is_named(reports):
    done = run_command("report", reports / "both")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "L1" in line or "layers" in line
