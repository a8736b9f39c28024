"""Forecasts as scored variants: what they are chosen by, what they cannot see, what is kept."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from alpharl_bench.bench import Bench, Options
from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.decoding import Decoding
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast import Target
from alpharl_bench.forecast.identity import method_digest
from alpharl_bench.forecast.method import ORACLE
from alpharl_bench.forecast.selection import TargetSelection
from alpharl_bench.grading.marks import Mark
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.runs.spec import run_specs
from alpharl_bench.scoring import Sampling, Score
from alpharl_bench.scoring.drawing import Response
from alpharl_bench.scoring.pace import Effort
from alpharl_bench.tables.scores import SCORES
from alpharl_bench.variants import FULL, Variant, forecast, full_at
from alpharl_bench.variants.combined import applied
from tests.forecast.forecasters import FORECASTERS
from tests.forecast.planted import direction, planted
from tests.scores import score_of
from tests.sources import PlantedRun

SAMPLING = Sampling(questions=20, samples=5)
#: Accuracies of the checkpoints at the steps 10 … 100.
RISING = {step: step / 200 for step in range(10, 110, 10)}


class Judge:
    """Stands in for the engine: marks by what the test says that a variant is worth."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.worth: dict[tuple[str, str], float] = {}
        self.bench: Bench | None = None

    def measured_score(self, variant: Variant, look: int, split: str) -> tuple[Score, Effort]:
        return self.score(variant, look, split), Effort(100, 1000, 1.0)

    def score(self, variant: Variant, look: int, split: str) -> Score:
        self.asked.append((variant.label, split))
        if variant.kind == "forecast":
            # As an engine does, while it holds the lock of the scores.
            assert self.bench is not None
            assert self.bench.updates.change(variant) is not None
        default = RISING[variant.step] if variant.step else 0.5
        worth = self.worth.get((variant.label, split), default)
        right = round(100 * worth)
        marks = "1" * right + "0" * (100 - right)
        questions = {f"{split}{i}": marks[5 * i : 5 * i + 5] for i in range(20)}
        score = score_of(variant.label, {"chain": questions}, run="planted")
        of_this_run = score.provenance.model_copy(update={"run_digest": "digest"})
        return score.model_copy(update={"look": look, "provenance": of_this_run})

    def draw(self, _: Decoding, asked: list[int], *_more: object) -> list[list[Response]]:
        """Responses that teach no bias: all of them are alike, and wrong."""
        return [[Response((5, 2), Mark.WRONG)] * 2 for _ in asked]

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Ten checkpoints along one direction in every matrix, as long as the accuracy is high."""
    return planted(tmp_path, lambda name, shape, step: RISING[step] * direction(name, shape))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def bench_of(run: Run, judge: Judge) -> Bench:
    known = run_specs("nano", load_registry())[0]
    spec = replace(known, name="planted", source=PlantedRun(run, "digest"), step_cost=50)
    bench = Bench(spec, Options(SAMPLING))
    bench.__dict__["engine"] = judge
    judge.bench = bench
    return bench


def tensors(bench: Bench, variant: Variant) -> dict[str, torch.Tensor]:
    model = applied(bench.updates.change(variant), bench.updates.base)
    return {name: model.tensor(name) for name in model.names}


@pytest.mark.usefixtures("cache")
def test_the_target_is_chosen_by_the_validation_questions_alone(run: Run, judge: Judge) -> None:
    bench = bench_of(run, judge)
    # The reported questions would choose the last candidate, and know of the end.
    for n in range(7):
        judge.worth[f"alpharl of 40%, candidate {n}", "test"] = n / 7
    for n, worth in enumerate((0.3, 0.6, 0.7, 0.7, 0.1, 0.1, 0.0)):
        judge.worth[f"alpharl of 40%, candidate {n}", "validation"] = worth
    bench.scores({forecast("alpharl", 40): 1})
    choice = bench.forecasts.selection(forecast("alpharl", 40))
    assert choice.steps == (10, 20, 30, 40)
    assert choice.observed == (0.05, 0.1, 0.15, 0.2)
    assert choice.accuracies == (0.3, 0.6, 0.7, 0.7, 0.1, 0.1, 0.0)
    # From 0.2 on to 1, and beyond what can be: how far an update is damped is not known.
    goals = [0.2, 0.4, 0.6, 1, 1.8, 3.4, 6.6]
    assert [target.accuracy for target in choice.targets] == pytest.approx(goals)
    # Of two that are as good, the one nearer to what was observed.
    assert choice.target == choice.targets[2]
    assert [split for label, split in judge.asked if label != "alpharl of 40%"] == [
        "validation"
    ] * 11
    assert judge.asked[-1] == ("alpharl of 40%", "test")
    # Nothing was asked of what comes later.
    assert not any(label in {"full", "full @50", "full @100"} for label, _ in judge.asked)


@pytest.mark.usefixtures("cache")
def test_the_chosen_target_is_what_the_method_predicts_for_it(run: Run, judge: Judge) -> None:
    bench = bench_of(run, judge)
    judge.worth["relex of 40%, candidate 3", "validation"] = 0.9
    judge.worth["expo of 40%, candidate 1", "validation"] = 0.9
    assert bench.forecasts.selection(forecast("relex", 40)).target == Target(step=100)
    assert bench.forecasts.selection(forecast("expo", 40)).target == Target(alpha=0.25)
    # All checkpoints lie on one line, 0.5 long at step 100.
    base, found = bench.updates.base, tensors(bench, forecast("relex", 40))
    longer = tensors(bench, forecast("expo", 40))
    for name in base.names:
        moved = direction(name, base.shape(name))
        for model, length in ((found, 0.5), (longer, 1.25 * 0.2)):
            assert torch.allclose(model[name], base.tensor(name) + length * moved, atol=1e-5)


@pytest.mark.usefixtures("cache")
def test_later_checkpoints_leave_every_forecast_bit_identical(
    run: Run, judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = [forecast(method, 40) for method in FORECASTERS]
    for variant in variants:
        bold = replace(variant, candidate=3)
        judge.worth[bold.label, "validation"] = 0.9
    bench = bench_of(run, judge)
    before = [tensors(bench, variant) for variant in variants]
    for step in range(50, 110, 10):
        (run.at(step).path / "model.safetensors").write_bytes(b"garbage")
        judge.worth |= {(full_at(step).label, split): 0.0 for split in ("test", "validation")}
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "another"))
    again = bench_of(run, judge)
    for variant, kept in zip(variants, before, strict=True):
        found = tensors(again, variant)
        assert found.keys() == kept.keys()
        assert all(torch.equal(found[name], kept[name]) for name in kept), variant.label


@pytest.mark.usefixtures("cache")
def test_the_oracle_alone_knows_how_good_the_trained_model_is(run: Run, judge: Judge) -> None:
    bench = bench_of(run, judge)
    judge.worth["full", "validation"] = 0.45
    choice = bench.forecasts.selection(forecast(ORACLE, 40))
    assert (choice.targets, choice.accuracies) == ((Target(accuracy=0.45),), ())
    bench.updates.change(forecast(ORACLE, 40))
    assert ("full", "validation") in judge.asked


def test_choices_and_scores_come_back_from_the_cache(run: Run, judge: Judge, cache: Path) -> None:
    judge.worth["alpharl of 40%, candidate 3", "validation"] = 0.8
    claim = CLAIMS["A1"]
    first = bench_of(run, judge).evidence({claim: 1})
    kept = [json.loads(path.read_text()) for path in cache.glob("scores/*/selection-*.json")]
    assert {one["variant"] for one in kept} == {choice.variant for choice in first[SCORES].choices}
    silent = Judge()
    second = bench_of(run, silent).evidence({claim: 1})
    assert silent.asked == []
    assert second[SCORES].choices == first[SCORES].choices
    assert {c.percent: c.target for c in second[SCORES].choices}[40] == Target(accuracy=1)
    assert second.scores == first.scores
    # One look at 6 families of 20 questions, 5 samples each, by 50 responses a step.
    assert second[SCORES].evaluation == 6 * 20 * 5 / 50


@pytest.mark.usefixtures("cache")
def test_another_code_of_a_method_has_its_targets_alone_selected_anew(
    run: Run, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = [forecast("relex", 40), forecast("expo", 40)]
    bench = bench_of(run, judge)
    known = [bench.forecasts.selection(variant) for variant in variants]
    judge.worth["relex of 40%, candidate 3", "validation"] = 0.9
    judge.worth["expo of 40%, candidate 3", "validation"] = 0.9
    for module in ("forecast.selection", "scoring.store"):
        edited = partial(_edited, method_digest)
        monkeypatch.setattr(f"alpharl_bench.{module}.method_digest", edited)
    relex, expo = (bench_of(run, judge).forecasts.selection(variant) for variant in variants)
    assert relex.accuracies[3] == 0.9 != known[0].accuracies[3]
    assert expo == known[1]


def _edited(digest: Callable[[str], str], method: str) -> str:
    return digest(method) + ("edited" if method == "relex" else "")


@pytest.mark.usefixtures("cache")
def test_more_looks_do_not_choose_again(run: Run, judge: Judge) -> None:
    bench = bench_of(run, judge)
    bench.scores({forecast("alpharl", 40): 1})
    asked = len(judge.asked)
    bench.scores({forecast("alpharl", 40): 3})
    assert judge.asked[asked:] == [("alpharl of 40%", "test")] * 2


@pytest.mark.usefixtures("cache")
def test_alike_accuracies_leave_the_method_where_it_is(run: Run, judge: Judge) -> None:
    bench = bench_of(run, judge)
    for step in RISING:
        judge.worth[full_at(step).label, "validation"] = 0.25
    variant = forecast("alpharl", 40)
    assert bench.forecasts.selection(variant).target is None
    moved = bench.updates.change(variant)
    last = bench.forecasts._prefix(variant)
    still = FORECASTERS["alpharl"].no_op(last)
    for name, factors in still.items():
        assert torch.equal(moved[name].dense(), factors.dense())


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("variant", "message"),
    [
        (forecast("alpharl", 10), r"has only 1 checkpoints there, alpharl needs at least 2"),
        (forecast("alpharl", 5), r"no checkpoint up to step 5 of 100"),
        (forecast("alphrl", 40), r"unknown method 'alphrl'; did you mean 'alpharl'"),
    ],
)
def test_what_cannot_be_forecast_is_said_before_anything_is_scored(
    run: Run, judge: Judge, variant: Variant, message: str
) -> None:
    bench = bench_of(run, judge)
    with pytest.raises(AlphaRLBenchError, match=message):
        bench.scores({variant: 1})
    assert judge.asked == []


def test_without_questions_to_choose_by_nothing_is_forecast(run: Run, judge: Judge) -> None:
    bench = bench_of(run, judge)
    bench._options = Options(Sampling(("gsm8k",), questions=None))
    with pytest.raises(AlphaRLBenchError, match="none are left to choose"):
        bench.updates.change(forecast("alpharl", 40))


def test_the_best_of_no_candidates_is_no_op_and_of_one_that_one() -> None:
    choice = TargetSelection("a of 40%", "a", 40, (10,), (), (), ())
    assert choice.target is None
    assert replace(choice, targets=(Target(step=3),)).target == Target(step=3)
    assert [str(Target(*told)) for told in ((), (3,), (None, 0.81), (None, None, 0.5))] == [
        "–",
        "step 3",
        "accuracy 0.81",
        "α 0.5",
    ]


def test_an_engine_scores_forecasts_and_both_splits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real engine, on a real base and checkpoints with ever more noise in their attention."""
    pytest.importorskip("lm_eval", reason="of the extra 'score'")
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    base = base_folder(load_registry().model("qwen3-switch"))
    weights = load_file(base / "model.safetensors")
    noise = {
        name: torch.randn(w.shape, generator=torch.Generator().manual_seed(1))
        for name, w in weights.items()
        if "self_attn" in name and w.ndim == 2
    }
    checkpoints = []
    for step in (10, 20, 30, 40, 50):
        folder = tmp_path / f"checkpoint-{step}"
        shutil.copytree(base, folder)
        moved = {name: w + step * 1e-3 * noise.get(name, 0) for name, w in weights.items()}
        save_file(moved, folder / "model.safetensors", metadata={"format": "pt"})
        checkpoints.append(Checkpoint(step, folder))
    known = run_specs("nano", load_registry())[0]
    run = Run("noisy", base, tuple(checkpoints))
    spec = replace(known, name="noisy", source=PlantedRun(run, "noisy"))
    bench = Bench(spec, Options(Sampling(("addition", "chain"), questions=5, samples=2)))
    variants = [forecast(method, 40) for method in ("alpharl", "rlvr-weights", "last-checkpoint")]
    scores = bench.scores(dict.fromkeys((FULL, full_at(20), *variants), 1))
    assert scores["last-checkpoint of 40%"].marks == scores["full @20"].marks
    other = bench.scores({FULL: 1}, "validation")["full"]
    assert not {q for _, q in other.questions} & {q for _, q in scores["full"].questions}
    assert other.provenance.sampling_key != scores["full"].provenance.sampling_key
    target = bench.forecasts.selection(variants[1]).target
    assert target is not None
    assert target.step in {20, 27.5, 35, 50, 80, 140, 260}
    bench.close()
