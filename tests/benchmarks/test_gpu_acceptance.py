"""The steps of the GPU acceptance at a small size, on the CPU; times are not asserted."""

import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch

from benchmarks.gpu_acceptance import accepted, markdown, steps
from benchmarks.gpu_steps import STEPS, Figure, Setting


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("acceptance")
    return accepted(Setting("cpu", folder, "tiny", 1, 2, responses=3, room=8))


@pytest.mark.parametrize("step", STEPS)
def test_every_step_comes_to_its_figures(found, step):
    assert found[step]["error"] == ""
    assert found[step]["figures"]
    # What does not depend on the time that something takes.
    timed = ("CPU / device", "ms a step", "s to put on")
    for figure in found[step]["figures"]:
        assert figure["holds"] or figure["name"].endswith(timed), figure


@pytest.mark.vllm
@pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM: `tox -e vllm`")
@pytest.mark.usefixtures("engine_server")
def test_where_vllm_is_it_is_started_and_wears_rank_1(tmp_path):
    figures = {
        figure.name: figure
        for figure in steps()["by_vllm"](Setting("cpu", tmp_path, "tiny", 1, 2, 3, 8))
    }
    assert all(figure.holds for figure in figures.values())
    assert figures["Rank-1 is an adapter"].value == 1
    assert figures["full: tokens a second"].value > 0


def test_figures_are_held_against_their_bounds(found):
    assert Figure("", 1, most=1).holds
    assert not Figure("", 1.1, most=1).holds
    assert not Figure("", float("nan"), most=1).holds
    assert not Figure("", 0.9, least=1).holds
    assert Figure("", 7).holds
    broken = {**found, "forked": {**found["forked"], "error": "RuntimeError: no\nmore"}}
    text = markdown(broken, "a card")
    assert text.startswith("# On a card")
    assert "| forked     | RuntimeError: no" in text or "RuntimeError: no " in text
    assert "≤ 1e-05" in text


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so(tmp_path):
    command = [sys.executable, "-m", "benchmarks.gpu_acceptance", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "torch sees no GPU here" in done.stderr
    assert not (tmp_path / "out").exists()
