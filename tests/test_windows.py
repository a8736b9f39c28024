"""Windows of modules as scored variants: what ranks them, what they hold, what is kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from alpharl_bench.bench import Bench, Options
from alpharl_bench.checkpoints import Run
from alpharl_bench.dynamics import WINDOWS
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.spec import run_specs
from alpharl_bench.scoring import Sampling, Score
from alpharl_bench.scoring.pace import Effort
from alpharl_bench.tables.scores import SCORES
from alpharl_bench.variants import FULL, Variant, full_at, window
from alpharl_bench.variants.combined import applied
from alpharl_bench.windows import window_modules
from tests.forecast.planted import STEPS, deltas, direction, planted
from tests.scores import score_of
from tests.sources import PlantedRun

RISING = [i / 20 for i in range(1, 11)]
#: The same accuracies in another order, in which other modules are linear.
RESTLESS = [RISING[i] for i in (4, 0, 7, 2, 9, 5, 1, 8, 3, 6)]
#: The checkpoints as they are scored.
CHECKPOINTS = [*map(full_at, STEPS[:-1]), FULL]


class Judge:
    """Stands in for the engine: marks checkpoints by the accuracies that the test gives."""

    def __init__(self, validation: list[float]) -> None:
        self.validation = dict(zip(CHECKPOINTS, validation, strict=True))
        self.asked: list[tuple[Variant, str]] = []

    def measured_score(self, variant: Variant, look: int, split: str) -> tuple[Score, Effort]:
        return self.score(variant, look, split), Effort(100, 1000, 1.0)

    def score(self, variant: Variant, look: int, split: str) -> Score:
        self.asked.append((variant, split))
        worth = self.validation[variant] if split == "validation" else 0.5
        right = round(100 * worth)
        marks = "1" * right + "0" * (100 - right)
        questions = {f"{split}{i}": marks[5 * i : 5 * i + 5] for i in range(20)}
        score = score_of(variant.label, {"chain": questions}, run="planted")
        of_this_run = score.provenance.model_copy(update={"run_digest": "digest"})
        return score.model_copy(update={"look": look, "provenance": of_this_run})

    def close(self) -> None:
        """Nothing is held."""

    @property
    def windows(self) -> list[Variant]:
        """Those that were scored."""
        return [variant for variant, _ in self.asked if variant.kind == "window"]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted are the variants of a run; the base decoded otherwise has its own tests."""
    monkeypatch.setattr(Sampling, "has_baselines", False)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Seven matrices of one layer, each along its own line with ever other noise on it."""
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))

    def delta(name: str, shape: torch.Size, step: float) -> torch.Tensor:
        noise = (1 + sum(map(ord, name)) % 7) / 7
        return step / 100 * direction(name, shape) + noise * direction(name, shape, int(step))

    return planted(tmp_path / "run", delta)


def bench_of(run: Run, judge: Judge) -> Bench:
    known = run_specs("nano", load_registry())[0]
    spec = replace(known, name="planted", source=PlantedRun(run, "digest"), step_cost=50)
    bench = Bench(spec, Options(Sampling(questions=20, samples=5)))
    bench.__dict__["engine"] = judge
    return bench


def ranked(run: Run, accuracies: list[float]) -> dict[str, float]:
    """R² of every matrix by numpy alone: dense decompositions and one step of NIPALS."""
    steps = {step: deltas(run, step) for step in STEPS}
    y = np.array(accuracies) - np.mean(accuracies)
    found = {}
    for name in steps[STEPS[-1]]:
        if not any(block in name for block in (".self_attn.", ".mlp.")) or "norm" in name:
            continue
        u = [np.linalg.svd(steps[step][name].numpy())[0][:, 0] for step in STEPS]
        for i in reversed(range(len(u) - 1)):
            u[i] = u[i] * (np.sign(u[i] @ u[i + 1]) or 1)
        x = np.array(u)
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        scores = x @ (x.T @ y)
        found[name] = float(np.corrcoef(scores, y)[0, 1] ** 2)
    return found


def norms(run: Run) -> dict[str, float]:
    return {name: float(moved.norm()) for name, moved in deltas(run, STEPS[-1]).items()}


def test_modules_are_ranked_by_the_validation_questions_alone(run: Run) -> None:
    judge = Judge(RISING)
    bench_of(run, judge).scores({window(n): 1 for n in range(1, WINDOWS + 1)})
    truth = ranked(run, RISING)
    order = sorted(truth, key=truth.__getitem__, reverse=True)
    assert len(order) == 7
    # Two of seven modules in each, the next begins one later.
    assert [v.modules for v in judge.windows] == [tuple(order[i : i + 2]) for i in range(WINDOWS)]
    assert judge.asked[: len(STEPS)] == [(variant, "validation") for variant in CHECKPOINTS]
    assert {split for variant, split in judge.asked if variant.kind == "window"} == {"test"}


def test_a_window_in_the_model_is_rank_1_of_its_modules(run: Run) -> None:
    judge = Judge(RISING)
    bench = bench_of(run, judge)
    bench.scores({window(3): 1})
    (known,) = judge.windows
    model, moved = applied(bench.updates.change(known), bench.updates.base), deltas(run, STEPS[-1])
    for name in model.names:
        before, after = bench.updates.base.tensor(name), model.tensor(name)
        if name in known.modules:
            left, sigma, right = np.linalg.svd(moved[name].numpy())
            added = np.outer(left[:, 0], right[0]) * np.linalg.norm(sigma)
            np.testing.assert_allclose(after.numpy(), before.numpy() + added, atol=1e-5)
        else:
            assert torch.equal(after, before)


def test_scores_come_back_and_another_ranking_never_gets_them(run: Run) -> None:
    wanted = {window(n): 1 for n in range(1, WINDOWS + 1)}
    bench_of(run, Judge(RISING)).scores(wanted)
    silent = Judge(RISING)
    bench_of(run, silent).scores(wanted)
    assert silent.asked == []
    other = bench_of(run, Judge(RESTLESS))
    store = other._store("validation")
    for variant in CHECKPOINTS:
        store.path(variant).unlink()
    other.scores(wanted)
    again = other.engine
    assert isinstance(again, Judge)
    truth = ranked(run, RESTLESS)
    assert truth.keys() == ranked(run, RISING).keys()
    first = sorted(truth, key=truth.__getitem__, reverse=True)[:2]
    assert again.windows[0].modules == tuple(first)


def test_the_evidence_says_what_the_windows_hold(run: Run) -> None:
    evidence = bench_of(run, Judge(RISING)).evidence({CLAIMS["P2.3"]: 1})
    truth, sizes = ranked(run, RISING), norms(run)
    assert len(evidence[SCORES].windows) == 25
    for held in evidence[SCORES].windows:
        assert held.least == pytest.approx(min(truth[name] for name in held.modules), abs=1e-4)
        part = sum(sizes[n] ** 2 for n in held.modules) / sum(sizes[n] ** 2 for n in truth)
        assert held.norm == pytest.approx(part**0.5, rel=1e-4)
        assert held.mlp == sum(".mlp." in name for name in held.modules)
    assert {held.variant for held in evidence[SCORES].windows} < evidence.scores.keys()


def test_shuffles_are_orders_of_their_own_that_do_not_know_of_r_squared() -> None:
    rising = {f"m{i:02}": i / 21 for i in range(21)}
    falling = {name: 1 - value for name, value in rising.items()}
    drawn = [window_modules(window(1, shuffle=draw), rising) for draw in range(20)]
    assert drawn == [window_modules(window(1, shuffle=draw), falling) for draw in range(20)]
    assert len(set(drawn)) == 20
    # Each module is in a third of them: 6.7 of 20, give or take 2.1.
    counts = [sum(name in modules for modules in drawn) for name in rising]
    assert max(counts) < 15
    assert min(counts) > 0
    assert window_modules(window(1), rising) == tuple(f"m{i:02}" for i in range(20, 13, -1))


def test_too_few_modules_for_the_windows() -> None:
    with pytest.raises(AlphaRLBenchError, match="'window-5': 4 modules make 3 windows; 7 are"):
        window_modules(window(5), {f"m{i}": i / 4 for i in range(4)})


def test_accuracies_that_do_not_vary_rank_nothing(run: Run) -> None:
    with pytest.raises(AlphaRLBenchError, match="accuracies must vary over checkpoints"):
        bench_of(run, Judge([0.5] * 10)).scores({window(1): 1})


def test_without_questions_to_rank_by_there_are_no_windows(run: Run) -> None:
    bench = bench_of(run, Judge(RISING))
    bench._options = Options(Sampling(("gsm8k",), questions=None))
    with pytest.raises(AlphaRLBenchError, match="none are left to choose"):
        bench._resolve(window(1))
