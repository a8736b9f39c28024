"""The suite on both engines: the same verdicts, and accuracies that chance alone sets apart."""

import json
import shutil
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from alpharl_bench.claims import judge
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.registry import load_registry
from alpharl_bench.reporting import load_session
from alpharl_bench.runs.bases import base_folder
from tests.processes import run_pytest

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM: `tox -e vllm`"),
]

NANO = base_folder(load_registry().model("qwen3-switch"))
# Every form of Rank-k that an adapter holds, whole checkpoints, the controls and the spectra. Ranks
# beyond an adapter's are compared by their logits above.
JUDGED = (
    *("P1.1", "P1.1-control", "P1.2-rank", "P1.3", "P1.4-best", "P1.4-order"),
    *("P1.5-saturation", "P1.5-peak", "P1.6", "P1.8"),
)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A run to a base of the zoo, which is right one time in four, from where it never is.

    The singular values of its updates fall as 1/i, so that every Rank-k is right at its own rate.
    """
    folder = tmp_path_factory.mktemp("learned")
    weights = load_file(NANO / "model.safetensors")
    generator = torch.Generator().manual_seed(0)
    updates = {
        name: decaying(weight, generator)
        for name, weight in weights.items()
        if weight.ndim == 2 and "embed" not in name
    }
    for name, share in (("base", 0.0), ("run/checkpoint-1", 0.8), ("run/checkpoint-2", 1.0)):
        shutil.copytree(NANO, folder / name)
        moved = {name: weights[name] - (1 - share) * update for name, update in updates.items()}
        file = folder / name / "model.safetensors"
        save_file({**weights, **moved}, file, metadata={"format": "pt"})
    return folder / "run", folder / "base"


def decaying(weight, generator):
    """Random directions with singular values 0.65, 0.65/2, 0.65/3 … of the weight's norm."""
    least = min(weight.shape)
    left, right = (
        torch.linalg.qr(torch.randn(size, least, generator=generator))[0] for size in weight.shape
    )
    return 0.65 * weight.norm() * (left / torch.arange(1, least + 1)) @ right.T


def suite(engine, learned, folder):
    run, base = learned
    result = run_pytest(
        *("suites/property1", f"--run={run}", f"--base={base}", "--tasks=nano", "--prompt=plain"),
        *("--questions=40", "--samples=4", f"--engine={engine}", f"--report={folder / engine}"),
        *("-m", " or ".join(f"claim(id='{claim}')" for claim in JUDGED)),
    )
    # What is refuted does not matter here.
    assert result.returncode in {0, 1}, result.stdout + result.stderr
    return load_session(folder / engine)


@pytest.fixture(scope="module")
def sessions(learned, tmp_path_factory):
    folder = tmp_path_factory.mktemp("engines")
    return {name: suite(name, learned, folder) for name in ("hf", "vllm")}


def test_both_engines_give_the_same_verdicts(sessions):
    verdicts = {
        name: {c: judge(CLAIMS[c], session.evidence("run")).outcome for c in JUDGED}
        for name, session in sessions.items()
    }
    ids = {CLAIMS[claim].qualified_id for claim in JUDGED}
    assert all(session.runs["run"].claims.keys() == ids for session in sessions.values())
    # A verdict that one engine leaves open contradicts nothing that the other found.
    for claim, outcome in verdicts["hf"].items():
        other = verdicts["vllm"][claim]
        assert outcome == other or "inconclusive" in {outcome, other}, (claim, outcome, other)
    agreed = sum(verdicts["hf"][claim] == verdicts["vllm"][claim] for claim in JUDGED)
    assert agreed >= 8, json.dumps(verdicts, indent=1)
    assert {"supported", "refuted"} <= set(verdicts["hf"].values())


def test_accuracies_of_both_engines_are_equal_but_for_chance(sessions):
    scores = {
        name: {score.variant: score for score in session.scores_of("run")}
        for name, session in sessions.items()
    }
    assert scores["hf"].keys() == scores["vllm"].keys()
    assert {s.provenance.engine for s in scores["vllm"].values()} == {"vllm"}
    accuracies = {
        name: np.array([found[variant].accuracy for variant in scores["hf"]])
        for name, found in scores.items()
    }
    # What differs little could not be told from what was mistaken for it.
    assert np.unique(accuracies["hf"]).size >= 12
    assert np.ptp(accuracies["hf"]) > 0.2
    differences = accuracies["hf"] - accuracies["vllm"]
    for variant, score in scores["hf"].items():
        assert scores["vllm"][variant].questions == score.questions
    # One engine samples all its variants from one seed, so what chance does to one it does to many
    # alike. Its standard error between engines, of 240 questions × 4 responses, is at most 0.02.
    assert abs(np.mean(differences)) < 0.03
    assert np.max(np.abs(differences)) < 0.08
