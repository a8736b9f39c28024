"""§4: the statistics by hand, what the last checkpoint makes of verdicts, too few checkpoints."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpharl_bench.checkpoints import Run
from alpharl_bench.checkpoints.run import Checkpoint
from alpharl_bench.claims import Evidence, Origin, Outcome, extreme, judge
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast import (
    Fitted,
    Forecaster,
    Method,
    Prefix,
    all_methods,
)
from alpharl_bench.papers.arxiv_2510_00553.claims import ALPHARL, CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.claims.alpharl import (
    FORMS,
    LOGITS,
    STAGES,
    ahead,
    baselines,
    last_observed,
    observed_steps,
    speed_up,
    stages,
    steps_to_reach,
)
from alpharl_bench.tables import EVALUATION
from alpharl_bench.variants import BASE, FULL, forecast, full_at
from tests.evidence import altered, planted
from tests.scores import score_of

CLAIMS_OF_ALPHARL = "alpharl_bench.papers.arxiv_2510_00553.claims.alpharl"
#: Ten checkpoints; 20 % of the training is the first stage with two of them.
STEPS = tuple(range(10, 110, 10))


def label(percent: int, method: str = "alpharl") -> str:
    return forecast(method, percent).label


def evidence(accuracies: Mapping[str, float], evaluation: float = 0.0) -> Evidence:
    """Of a run that climbs evenly from 0.1 to 0.8, forecast at 0.5 if nothing else is said."""
    known = {BASE.label: 0.1, FULL.label: 0.8}
    known |= {full_at(step).label: 0.1 + 0.007 * step for step in STEPS}
    known |= {v.label: 0.5 for claim in ALPHARL for v in claim.variants(STEPS) if v.method}
    known |= accuracies
    scores = {}
    for name, accuracy in known.items():
        right = round(1000 * accuracy)
        # Spread evenly, so that every question is about as hard as any other.
        marks = np.zeros((50, 20), dtype=int).T
        marks.flat[:right] = 1
        asked = {f"q{i}": "".join(map(str, row)) for i, row in enumerate(marks.T)}
        scores[name] = score_of(name, {"chain": asked})
    return planted("mine", STEPS, scores, evaluation=evaluation)


def statistic(claim: str, accuracies: Mapping[str, float], evaluation: float = 0.0) -> float:
    found, known = CLAIMS[claim], evidence(accuracies, evaluation)
    (value,) = extreme(found.statistic(known.observed(found), STEPS), found.extremes)
    return float(value)


def test_the_statistics_by_hand() -> None:
    assert statistic("A1", {label(40): 0.6}) == pytest.approx(0.75)
    # The checkpoints at 20, 30, 40 and 50 % are at 0.24, 0.31, 0.38 and 0.45.
    predicted = {label(20): 0.3, label(30): 0.3, label(40): 0.6, label(50): 0.46}
    assert statistic("A3", predicted) == pytest.approx(-0.01)
    others = {v.label: 0.4 for v in baselines(STEPS)} | {label(40, "relex"): 0.57}
    assert statistic("A5", others | {label(40): 0.6}) == pytest.approx(-0.03)
    logits = {label(40, LOGITS): 0.45, label(40): 0.6}
    assert statistic("A5-logits", logits) == pytest.approx(-0.15)
    (null,) = CLAIMS["A5-logits"].nulls
    known = evidence(logits).observed(CLAIMS["A5-logits"])
    assert null.statistic(known, STEPS) == pytest.approx([0.07])
    # AlphaRL in other forms is no baseline, nor is what is told the end.
    better = {label(40, form): 0.9 for form in FORMS}
    assert statistic("A5", others | better | {label(40): 0.6}) == pytest.approx(-0.03)


def test_early_against_late_by_hand() -> None:
    steps = tuple(range(5, 105, 5))
    a = {forecast("alpharl", 10): np.array([0.5]), full_at(40): np.array([0.52])}
    assert CLAIMS["A2"].statistic(a, steps) == pytest.approx([-0.02])
    (null,) = CLAIMS["A2"].nulls
    assert null.statistic(a | {full_at(10): np.array([0.3])}, steps) == pytest.approx([-0.22])


@pytest.mark.parametrize(
    ("accuracy", "evaluation", "expected"),
    [
        # 0.45 is the accuracy of step 50, half way to the trained model; 40 steps were observed.
        (0.45, 0.0, 50 / 40),
        # Four checkpoints and seven candidates, at two steps each.
        (0.45, 2.0, 50 / (40 + 11 * 2)),
        # What the run itself never reaches took at least all of it.
        (0.95, 0.0, 2.5),
        (0.24, 0.0, 20 / 40),
        (0.05, 0.0, 0),
    ],
)
def test_the_speed_up_counts_evaluation(
    accuracy: float, evaluation: float, expected: float
) -> None:
    a = evidence({label(40): accuracy}, evaluation).observed(CLAIMS["A4"])
    assert speed_up(a, STEPS, 40) == pytest.approx(expected)


@pytest.mark.parametrize("evaluation", [0.0, 1.0])
@pytest.mark.parametrize("times", [1, 2, 2.5])
def test_ahead_is_where_the_run_takes_longer(times: float, evaluation: float) -> None:
    for accuracy in (0.2, 0.3, 0.45, 0.5, 0.6, 0.7):
        a = evidence({label(20): accuracy}, evaluation).observed(CLAIMS["A4"])
        (lead,) = ahead(a, STEPS, 20, times)
        assert (lead >= -1e-9) == (speed_up(a, STEPS, 20)[0] >= times - 1e-9)
    # Two checkpoints and seven candidates; the run climbs by 0.007 a step.
    a = evidence({label(20): 0.5}, evaluation).observed(CLAIMS["A4"])
    at = 0.1 + 0.007 * times * (20 + 9 * evaluation)
    assert ahead(a, STEPS, 20, times)[0] == pytest.approx((0.5 - at) / 0.8)


def test_nothing_is_ahead_of_a_run_that_has_ended() -> None:
    a = evidence({label(50): 0.9}).observed(CLAIMS["A4"])
    assert ahead(a, STEPS, 50, 2)[0] == pytest.approx(0.1 / 0.8)
    assert ahead(a, STEPS, 50, 2.1)[0] == -1


def test_fast_and_good_are_asked_of_one_stage() -> None:
    # After 2.5 times 20, 30 and 40 steps the run is at 0.45, 0.625 and 0.8; 0.96 of it is 0.768.
    assert statistic("A4", {label(20): 0.8}) == pytest.approx(min(1 - 0.96, 0.35 / 0.8))
    # Fast at 20 % and good at 40 % are no stage that is both.
    fast, good = {label(20): 0.5}, {label(40): 0.79}
    assert statistic("A4", fast | good) == pytest.approx((0.79 - 0.8) / 0.8)
    assert statistic("A4", {label(30): 0.78}) == pytest.approx(0.78 / 0.8 - 0.96)
    # With an evaluation of ten steps no stage is early enough.
    assert statistic("A4", {label(20): 0.8}, 10.0) == -1


def test_steps_are_interpolated_where_the_curve_first_gets_there() -> None:
    curve = [0.0, 0.4, 0.2, 0.8]
    a = {BASE: np.full(5, curve[0])}
    a |= {full_at(s): np.full(5, y) for s, y in zip((10, 20, 40), curve[1:], strict=True)}
    found = steps_to_reach(a, (10, 20, 40), np.array([0.1, 0.4, 0.5, 0.8, 0.9]))
    assert found == pytest.approx([2.5, 10, 30, 40, 40])


@given(st.lists(st.floats(0, 1), min_size=3, max_size=8), st.floats(0, 1))
def test_the_curve_has_the_accuracy_where_it_is_first_reached(
    curve: list[float], accuracy: float
) -> None:
    steps = tuple(range(10, 10 * len(curve), 10))
    at = (0, *steps)
    a = {BASE: np.array([curve[0]])}
    a |= {full_at(s): np.array([y]) for s, y in zip(steps, curve[1:], strict=True)}
    (found,) = steps_to_reach(a, steps, np.array([accuracy]))
    assert 0 <= found <= steps[-1]
    if max(curve) >= accuracy:
        assert np.interp(found, at, curve) >= accuracy - 1e-6
        if found > 0:
            before = np.linspace(0, found, 50)[:-1]
            assert (np.interp(before, at, curve) <= accuracy + 1e-6).all()
    else:
        assert found == steps[-1]


@pytest.mark.parametrize(
    ("claim", "accuracies", "outcome"),
    [
        ("A1", {label(40): 0.79}, Outcome.SUPPORTED),
        ("A1", {label(40): 0.5}, Outcome.REFUTED),
        # The checkpoint at 40 % is as good as the fully trained model.
        ("A1", {label(40): 0.79, "full @40": 0.79}, Outcome.NOT_INFORMATIVE),
        ("A3", {label(50): 0.6}, Outcome.SUPPORTED),
        ("A3", {label(50): 0.6, label(20): 0.1}, Outcome.REFUTED),
        ("A4", {label(20): 0.3}, Outcome.REFUTED),
        # Fast, and half as good.
        ("A4", {label(20): 0.7}, Outcome.REFUTED),
        ("A4", {label(20): 0.79}, Outcome.SUPPORTED),
        ("A4-any", {label(40): 0.6}, Outcome.SUPPORTED),
        ("A4-any", {label(40): 0.15}, Outcome.MEASURED),
        ("A5", {label(40): 0.6}, Outcome.SUPPORTED),
        ("A5", {label(40, "expo"): 0.7}, Outcome.MEASURED),
        # Where nothing is better than doing nothing, to be the best forecast is little.
        ("A5", {label(40): 0.6, "full @40": 0.6}, Outcome.NOT_INFORMATIVE),
    ],
)
def test_verdicts(claim: str, accuracies: Mapping[str, float], outcome: Outcome) -> None:
    assert judge(CLAIMS[claim], evidence(accuracies)).outcome is outcome


def test_evaluation_alone_can_refute_a_speed_up() -> None:
    free, dear = (evidence({label(20): 0.79}, cost) for cost in (0.0, 20.0))
    assert judge(CLAIMS["A4"], free).outcome is Outcome.SUPPORTED
    assert judge(CLAIMS["A4"], dear).outcome is Outcome.REFUTED


def test_both_readings_are_judged_by_their_own_models() -> None:
    texts = [claim for claim in ALPHARL if not claim.id.endswith("-code")]
    for text in texts:
        code = CLAIMS[f"{text.id}-code"]
        assert (code.threshold, code.extremes) == (text.threshold, text.extremes)
        if "A1" in text.id:
            known = evidence({label(40): 0.79, label(40, "alpharl-code"): 0.4})
            assert judge(text, known).outcome is Outcome.SUPPORTED
            assert judge(code, known).outcome is Outcome.REFUTED
    assert len(ALPHARL) == 2 * len(texts)
    assert {c.id for c in texts if c.threshold.origin is Origin.PRINTED} == {"A1", "A4"}


def test_too_few_checkpoints_are_no_verdict_and_score_no_forecast() -> None:
    few = (50, 100)
    for claim in ALPHARL:
        assert not [v for v in claim.variants(few) if v.kind == "forecast"]
    verdict = judge(CLAIMS["A2"], evidence({}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "1 of its 10 checkpoints in the first 10 % of its training" in verdict.reason
    assert not CLAIMS["A1"].unsupported_reason(STEPS)
    assert not CLAIMS["A2"].unsupported_reason(tuple(range(5, 105, 5)))


def test_stages_without_enough_checkpoints_are_left_out() -> None:
    assert stages(STEPS) == [20, 30, 40, 50]
    assert stages(range(5, 105, 5)) == [10, 20, 30, 40, 50]
    assert stages(range(1, 101)) == list(STAGES)
    assert stages((50, 100)) == []
    assert last_observed(STEPS, 5) == BASE
    assert last_observed((12, 39, 41, 100), 40) == full_at(39)


@given(st.integers(1, 400), st.integers(1, 60), st.sampled_from(STAGES))
def test_what_is_observed_is_what_a_forecast_sees(every: int, count: int, percent: int) -> None:
    steps = [every * n for n in range(1, count + 1)]
    checkpoints = tuple(Checkpoint(step, None) for step in steps)  # type: ignore[arg-type]
    run = Run("a", None, checkpoints)  # type: ignore[arg-type]
    total = run.steps[-1]
    limit = int(np.floor(percent / 100 * total * (1 + np.finfo(float).eps)))
    assert observed_steps(steps, percent) == [step for step in steps if step <= limit]


def test_these_are_the_baselines() -> None:
    names = {"relex", "rlvr-weights", "next", "expo", "first-update", "rank1-last", "rank1-sigma"}
    assert {v.label for v in baselines(STEPS)} == {label(40, name) for name in names}


class Patient(Forecaster):
    """A method that needs five checkpoints."""

    least = 5

    def _fit(self, prefix: Prefix) -> Fitted:
        raise NotImplementedError


@pytest.fixture
def another_baseline(monkeypatch: pytest.MonkeyPatch) -> str:
    new = Method("new", "A new method", "arXiv 2700.00001", Patient(), baseline=True)
    known = {**all_methods(), "new": new}
    monkeypatch.setattr(
        "alpharl_bench.papers.arxiv_2510_00553.claims.alpharl.all_methods", lambda: known
    )
    return label(40, "new")


def test_a_baseline_is_compared_where_it_has_checkpoints_enough(another_baseline: str) -> None:
    # Four of ten checkpoints are observed, and eight of twenty.
    assert another_baseline not in {v.label for v in CLAIMS["A5"].variants(STEPS)}
    assert another_baseline in {v.label for v in CLAIMS["A5"].variants(range(5, 105, 5))}


def test_what_was_judged_before_there_was_a_baseline_is_judged_without_it(
    another_baseline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, stored = CLAIMS["A5"], evidence({label(40): 0.6, label(40, "relex"): 0.57})
    monkeypatch.setattr(Patient, "least", 2)
    assert another_baseline in {v.label for v in claim.variants(STEPS)}
    assert another_baseline not in {point.variant.label for point in stored.points(claim)}
    assert judge(claim, stored).value.estimate == pytest.approx(-0.03)
    scored = evidence({label(40): 0.6, label(40, "relex"): 0.57, another_baseline: 0.7})
    assert judge(claim, scored).value.estimate == pytest.approx(0.1)
    # What is no baseline has to be there.
    rest = {name: score for name, score in stored.scores.items() if name != label(40)}
    with pytest.raises(AlphaRLBenchError, match="no stored score of 'alpharl of 40%'"):
        judge(claim, altered(stored, scores=rest))


def test_every_method_is_judged() -> None:
    judged = {v.method for claim in ALPHARL for v in claim.variants(STEPS)} - {""}
    assert judged == {"alpharl", *FORMS, *(v.method for v in baselines(STEPS)), LOGITS}
    # The last checkpoint is the null.
    assert {*judged, "last-checkpoint"} == set(all_methods())
    assert EVALUATION in evidence({}).observed(CLAIMS["A4"])
