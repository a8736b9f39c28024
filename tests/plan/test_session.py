"""What a plan counts is what a session scores: on a small run, before and after it."""

import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from alpharl_bench.bench import Bench, Options
from alpharl_bench.claims.required import baselines_required, requirements_of
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.plan import cost_of
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.runs.spec import spec_of_path
from alpharl_bench.scoring import Sampling
from alpharl_bench.tables import union
from alpharl_bench.variants import decoded

BASE = base_folder(load_registry().model("qwen3-switch"))
#: Rank-1 beside its references, a forecast with candidates, and chains of thought.
JUDGED = [CLAIMS[claim] for claim in ("P1.1", "B7-alpharl")]


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    """A base that unlearns, step by step: every matrix moves along one direction."""
    folder = tmp_path_factory.mktemp("unlearned")
    generator = torch.Generator().manual_seed(0)
    weights = load_file(BASE / "model.safetensors")
    directions = {
        name: torch.outer(*(torch.randn(n, generator=generator) for n in tensor.shape))
        for name, tensor in weights.items()
        if tensor.ndim == 2 and "embed" not in name
    }
    for step in range(1, 6):
        for name, direction in directions.items():
            weights[name].add_(1.0 * direction / direction.norm())
        at = folder / "run" / "saved_models" / f"step_{step:05d}"
        shutil.copytree(BASE, at)
        save_file(weights, at / "model.safetensors", metadata={"format": "pt"})
    return spec_of_path(str(folder / "run"), str(BASE), None)


def test_what_was_planned_is_scored_and_nothing_else(spec):
    info = spec.source.info()
    asked = Options(Sampling(("addition",), questions=10, samples=1))
    assert info.steps == (1, 2, 3, 4, 5)
    assert info.remote == frozenset()
    need = union([requirements_of(claim, info.steps) for claim in JUDGED])
    before = cost_of(need, info, asked)
    assert before.scored == before.written == 0
    assert before.download == before.here == 0
    assert before.tokens == 10 * 36 * (before.scores + before.passes)

    bench = Bench(spec, asked)
    assert bench.opened.digest == info.digest
    bench.evidence(dict.fromkeys(JUDGED, 1))
    bench.close()
    kept = [
        path
        for split in ("test", "validation")
        for path in bench._store(split).folder.glob("*.json")
        if not path.name.startswith("selection-")
    ]
    after = cost_of(need, info, asked)
    assert len(kept) == after.scored == before.scores
    assert after.written == before.passes
    assert after.tokens == 0

    # What belongs to the base is kept beside it. The only setting of one of them is scored too.
    beside = baselines_required(dict.fromkeys(JUDGED, 1), info.steps)
    wanted = {
        split: {variant for variant, of in beside.scores if of == split}
        for split in ("test", "validation")
    }
    wanted["validation"].add(replace(decoded("greedy"), candidate=0))
    for split, variants in wanted.items():
        store = bench._store(split, of_base=True)
        assert {store.path(variant, 0) for variant in variants} == set(store.folder.glob("*.json"))

    # A further claim shares what is there: of subspaces 1, 2, 3, 5 and 9 the first is Rank-1.
    further = cost_of(union([need, requirements_of(CLAIMS["P1.4-best"], info.steps)]), info, asked)
    assert further.scores - further.scored == 4
    other = Options(Sampling(("addition",), questions=10, samples=1, seed=1))
    assert cost_of(need, info, other).scored == 0
