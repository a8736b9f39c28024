"""What the engine is asked for: each model once, however many claims name it and by what."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from alpharl_bench.bench import Bench, Options
from alpharl_bench.checkpoints import Run
from alpharl_bench.claims import Claim
from alpharl_bench.claims.required import requirements_of
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.plan import cost_of
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.spec import run_specs, spec_of_path
from alpharl_bench.scoring import Sampling, Score
from alpharl_bench.scoring.pace import Effort
from alpharl_bench.scoring.sampling import Split
from alpharl_bench.tables import union
from alpharl_bench.variants import FULL, Variant, forecast, full_at, percent, rank, subspace
from tests.forecast.planted import direction, planted
from tests.scores import score_of
from tests.sources import PlantedRun

STEPS = (5, 10, 15, 100)
SAMPLING = Sampling(("addition",), questions=2, samples=1)
PROPERTY1 = [
    claim
    for claim in CLAIMS.values()
    if claim.id.startswith("P1.") and claim.table != "policy"  # which asks for chains
]


class CountingEngine:
    """Stands in for the engine: gives every variant marks of its own, and counts."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, int, Split]] = Counter()
        self.marks: dict[str, str] = {}

    def measured_score(self, variant: Variant, look: int, split: Split) -> tuple[Score, Effort]:
        return self.score(variant, look, split), Effort(8, 80, 1.0)

    def score(self, variant: Variant, look: int, split: Split) -> Score:
        self.asked[variant.label, look, split] += 1
        known = self.marks.setdefault(variant.label, f"{len(self.marks):08b}")
        answers = {f"{split}{i}": mark for i, mark in enumerate(known)}
        score = score_of(variant.label, {"addition": answers}, run_digest="digest")
        return score.model_copy(update={"look": look})


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Matrices of the orders 16 and 32 that move along one direction."""
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    return planted(tmp_path, lambda name, shape, step: step / 200 * direction(name, shape), STEPS)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted are the variants of a run; the base decoded otherwise has its own tests."""
    monkeypatch.setattr(Sampling, "has_baselines", False)


@pytest.fixture
def engine() -> CountingEngine:
    return CountingEngine()


def bench_of(run: Run, engine: CountingEngine) -> Bench:
    known = run_specs("nano", load_registry())[0]
    bench = Bench(
        replace(known, name="planted", source=PlantedRun(run, "digest")), Options(SAMPLING)
    )
    vars(bench)["engine"] = engine
    return bench


def labels_of(asked: Mapping[tuple[str, int, Split], int], split: Split) -> list[str]:
    return sorted(label for label, _, of in asked if of == split)


def test_claims_share_what_they_call_by_several_names(run: Run, engine: CountingEngine) -> None:
    evidence = bench_of(run, engine).evidence(dict.fromkeys(PROPERTY1, 1))
    # Base, trained model, control, and Rank-1 as it is, at three steps and in five other lengths.
    expected = ["base", "full", "random-rank-1 #0", "random-rank-1 #1", "random-rank-1 #2"]
    expected += ["rank-1", *(f"rank-1 x{alpha}" for alpha in (0.25, 0.5, 0.75, 1.25, 1.5))]
    expected += [f"{name} @{step}" for name in ("full", "rank-1") for step in STEPS[:-1]]
    expected += ["rank-2", "rank-4", "rank-8", *(f"rank-{p}%" for p in range(10, 100, 10))]
    expected += [f"subspace-{i}" for i in (2, 3, 5, 9)]
    expected += ["rank-1 unscaled", "rank-1 with the rest", "all modules"]
    assert labels_of(engine.asked, "test") == sorted(expected)
    assert set(engine.asked.values()) == {1}
    # Claims and reports have all names, and what is behind one is behind the others.
    names = {variant.label for claim in PROPERTY1 for variant in claim.variants(STEPS)}
    others = {"full @100", "rank-1 @100", "subspace-1", "rank-1%"}
    assert evidence.scores.keys() == names == {*expected, *others}
    assert all(score.variant == label for label, score in evidence.scores.items())
    one = evidence.scores["rank-1"]
    for label in others - {"full @100"}:
        assert evidence.scores[label] == one.model_copy(update={"variant": label})
    assert evidence.scores["full @100"].marks == evidence.scores["full"].marks != one.marks


def test_a_plan_counts_what_the_engine_is_asked_for(run: Run, engine: CountingEngine) -> None:
    info = spec_of_path(str(run.checkpoints[0].path.parent), str(run.base), None).source.info()
    assert info.steps == STEPS
    claims: list[Claim] = [*PROPERTY1, CLAIMS["A1"]]
    need = union(requirements_of(claim, info.steps) for claim in claims)
    cost = cost_of(need, replace(info, digest="digest"), Options(SAMPLING))
    assert cost.scored == 0
    bench_of(run, engine).evidence(dict.fromkeys(claims, 1))
    assert set(engine.asked.values()) == {1}
    assert len(engine.asked) == cost.scores
    assert cost.tokens == 2 * 36 * cost.scores
    after = cost_of(need, replace(info, digest="digest"), Options(SAMPLING))
    assert (after.scores, after.scored, after.tokens) == (cost.scores, cost.scores, 0)
    # 20 % to 50 % of this training hold the same checkpoints.
    forecasts = [label for label, *_ in engine.asked if label.startswith("alpharl of")]
    assert {label.partition(",")[0] for label in forecasts} == {"alpharl of 10%", "alpharl of 20%"}


def test_scores_that_are_there_are_found_by_other_names(run: Run, engine: CountingEngine) -> None:
    bench = bench_of(run, engine)
    store = bench._store("test")
    for variant in (FULL, rank(1)):
        store.save(variant, engine.score(variant, 0, "test"))
    engine.asked.clear()
    others = [full_at(100), rank(1, step=100), subspace(1), percent(1), percent(4)]
    found = bench.scores(dict.fromkeys(others, 1))
    assert not engine.asked
    assert found.keys() == {variant.label for variant in others}
    assert len(list(store.folder.iterdir())) == 2


def test_every_name_has_the_batches_that_it_was_asked_for(run: Run, engine: CountingEngine) -> None:
    found = bench_of(run, engine).scores({subspace(1): 1, rank(1): 3, percent(1): 2})
    assert engine.asked == Counter(("rank-1", look, "test") for look in range(3))
    assert {label: score.samples_per_question for label, score in found.items()} == {
        "subspace-1": 1,
        "rank-1": 3,
        "rank-1%": 2,
    }


def test_validation_questions_are_put_once_too(run: Run, engine: CountingEngine) -> None:
    bench = bench_of(run, engine)
    bench.scores({FULL: 1, full_at(100): 1, full_at(15): 1}, "validation")
    assert labels_of(engine.asked, "validation") == ["full", "full @15"]
    # The target of the later stage is chosen among the candidates of the earlier.
    stages = [forecast("expo", percent) for percent in (20, 50)]
    found = bench.scores(dict.fromkeys(stages, 1))
    assert set(engine.asked.values()) == {1}
    assert [label for label in labels_of(engine.asked, "validation") if "of 50%" in label] == []
    assert len(labels_of(engine.asked, "validation")) == 2 + 7
    assert labels_of(engine.asked, "test") == ["expo of 20%"]
    assert found["expo of 50%"].marks == found["expo of 20%"].marks
    early, late = (bench.selection(stage) for stage in stages)
    assert late == replace(early, variant="expo of 50%", percent=50)
