"""Verdicts on synthetic scores whose intervals can be worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from alpharl_bench.claims import CLAIMS, Claim, Evidence, Interval, Outcome, Point, judge
from alpharl_bench.claims import Threshold as Asked
from alpharl_bench.claims.verdict import accuracy, recovered_gain, relative_accuracy
from alpharl_bench.scoring import Provenance, Score
from alpharl_bench.spectral import ModuleSpectrum
from alpharl_bench.variants import BASE, FULL, Variant, full_at, rank

QUESTIONS, SAMPLES = 40, 4
STEPS = (10, 20)
ALL, HALF, NONE = (["1" * SAMPLES] * QUESTIONS, ["1100"] * QUESTIONS, ["0" * SAMPLES] * QUESTIONS)
ONE_MISSED = [*ALL[1:], NONE[0]]
RECOVERY = CLAIMS["P1.1"]


def score(variant: Variant, marks: Sequence[str]) -> Score:
    return Score(
        variant=variant.label,
        correct={"chain": {f"q{i}": mark for i, mark in enumerate(marks)}},
        provenance=Provenance(
            run="mine",
            run_digest="d",
            sampling_key="s",
            questions_per_task=QUESTIONS,
            samples_per_question=SAMPLES,
            seed=0,
            engine="hf",
            device="cpu",
            packages={},
        ),
    )


def evidence(marks: dict[Variant, Sequence[str]], claim: Claim = RECOVERY) -> Evidence:
    """The base answers nothing, every other variant all, but for ``marks``."""
    all_marks = {v: NONE if v == BASE else ALL for v in claim.variants(STEPS)} | marks
    scores = {variant.label: score(variant, given) for variant, given in all_marks.items()}
    return Evidence("mine", STEPS, scores, spectrum=[])


def modules(*fractions: float, noise: float = 0.25) -> Evidence:
    spectrum = [ModuleSpectrum("m", 1.0, fraction, 1.0, noise, 1.0) for fraction in fractions]
    return Evidence("mine", STEPS, {}, spectrum)


def with_statistic(observed: float, resampled: np.ndarray, threshold: Asked) -> Claim:
    """P1.1 with a statistic that is known beforehand."""
    return replace(
        RECOVERY,
        threshold=threshold,
        statistic=lambda a, _: np.array([observed]) if len(a[FULL]) == 1 else resampled,
    )


def test_supported() -> None:
    verdict = judge(RECOVERY, evidence({rank(1): ALL}))
    assert verdict.outcome is Outcome.SUPPORTED
    assert verdict.value.estimate == pytest.approx(1)
    assert (verdict.units, verdict.samples) == (40, 160)
    assert str(verdict).startswith("P1.1 on mine: supported (")
    assert "1.000 [1.000, 1.000], asked for ≥ 0.99" in str(verdict)


def test_refuted() -> None:
    verdict = judge(RECOVERY, evidence({rank(1): HALF}))
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.value.high == pytest.approx(0.5)
    assert verdict.samples_needed is None


def test_inconclusive_with_the_number_of_samples_that_would_decide_it() -> None:
    verdict = judge(RECOVERY, evidence({rank(1): ONE_MISSED}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    # The missed question is drawn Binomial(40, 1/40) times: never with probability 0.363, three
    # times or more with 0.078, four or more with 0.018. So the 95 % interval goes from 37/40 to 1.
    assert verdict.value.estimate == pytest.approx(39 / 40)
    assert (verdict.value.low, verdict.value.high) == pytest.approx((37 / 40, 1))
    # Its half-width 0.05 must shrink to 0.99 - 0.975 = 0.015: 160 · (0.05/0.015)² = 1777.8.
    assert verdict.samples_needed == 1778
    assert "about 1,778 samples would decide it, 160 were taken" in str(verdict)


def test_samples_needed_for_the_wider_side_and_the_nearer_bound() -> None:
    # The central 95 % of 0.3 … 0.7 are 0.31 … 0.69; from 0.48 the wider side is 0.21. The nearer
    # bound is 0.4, at 0.08: 160 · (0.21/0.08)² = 1102.5.
    claim = with_statistic(0.48, np.linspace(0.3, 0.7, 10_000), Asked(low=0.4, high=0.6))
    verdict = judge(claim, evidence({}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert (verdict.value.low, verdict.value.high) == pytest.approx((0.31, 0.69))
    assert verdict.samples_needed == 1103


def test_an_estimate_on_the_threshold_is_decided_by_no_known_number() -> None:
    claim = with_statistic(0.5, np.linspace(0.3, 0.7, 10_000), Asked(low=0.5))
    verdict = judge(claim, evidence({}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.samples_needed is None
    assert "no number of samples" in str(verdict)


@pytest.mark.parametrize(
    ("threshold", "outcome"),
    [
        (Asked(low=0.30), Outcome.SUPPORTED),
        (Asked(low=0.32), Outcome.INCONCLUSIVE),
        (Asked(low=0.68), Outcome.INCONCLUSIVE),
        (Asked(low=0.70), Outcome.REFUTED),
        (Asked(high=0.70), Outcome.SUPPORTED),
        (Asked(high=0.68), Outcome.INCONCLUSIVE),
        (Asked(high=0.30), Outcome.REFUTED),
        (Asked(low=0.30, high=0.70), Outcome.SUPPORTED),
        (Asked(low=0.40, high=0.60), Outcome.INCONCLUSIVE),
        (Asked(low=0.70, high=0.90), Outcome.REFUTED),
    ],
)
def test_an_interval_decides_not_an_estimate(threshold: Asked, outcome: Outcome) -> None:
    claim = with_statistic(0.5, np.linspace(0.3, 0.7, 10_000), threshold)  # 0.31 … 0.69
    assert judge(claim, evidence({})).outcome is outcome


@pytest.mark.parametrize(
    ("base", "full"),
    [
        (HALF, HALF),
        (NONE, NONE),
        (ALL, ALL),
        (ALL, HALF),
        (NONE, [*NONE[1:], ALL[0]]),  # one question better: the interval reaches 0
        ([*HALF[2:], ALL[0], NONE[0]], HALF),
    ],
    ids=["equal", "nothing", "all", "worse", "barely better", "equal on average"],
)
@pytest.mark.parametrize("claim", ["P1.1", "P1.1-control", "P1.3", "P1.4-best", "P1.5-peak"])
def test_a_run_that_did_not_learn(base: list[str], full: list[str], claim: str) -> None:
    marks = {BASE: base, FULL: full}
    verdict = judge(CLAIMS[claim], evidence(marks, CLAIMS[claim]))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason.startswith("the run did not learn")
    assert (verdict.value, verdict.samples_needed) == (None, None)
    assert "did not learn" in str(verdict)


@pytest.mark.parametrize("rank1", [NONE, ALL], ids=["0/0", "1/0"])
@pytest.mark.parametrize("early", [NONE, [*NONE[1:], ALL[0]]], ids=["no answer", "hardly one"])
def test_a_checkpoint_that_answers_nothing_is_no_number(rank1: list[str], early: list[str]) -> None:
    # With one answer in 40 questions, a third of the resamples has none.
    process = CLAIMS["P1.3"]
    marks = {full_at(10): early, rank(1, step=10): rank1}
    verdict = judge(process, evidence(marks, process))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.value is None
    assert "divides by zero" in verdict.reason
    assert "nan" not in str(verdict)


def test_modules_that_agree_decide_and_others_do_not() -> None:
    spectrum = CLAIMS["P1.6"]
    supported = judge(spectrum, modules(0.5, 0.5, 0.5))
    assert supported.outcome is Outcome.SUPPORTED
    assert supported.value.estimate == pytest.approx(2)  # 0.5/0.25
    assert (supported.units, supported.samples) == (3, 0)
    assert judge(spectrum, modules(0.2, 0.1, 0.2)).outcome is Outcome.REFUTED
    mixed = judge(spectrum, modules(0.05, 0.5, 0.1, 0.6))
    assert mixed.outcome is Outcome.INCONCLUSIVE
    assert mixed.samples_needed is None
    assert "modules disagree" in str(mixed)


@pytest.mark.parametrize("fractions", [[np.nan] * 3, [0.5, 0.5, np.nan]])
def test_an_update_of_zero_is_no_number(fractions: list[float]) -> None:
    verdict = judge(CLAIMS["P1.6"], modules(*fractions))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.value is None
    assert "no update" in verdict.reason
    assert "nan" not in str(verdict)


def test_the_figures_beside_a_verdict_by_hand() -> None:
    # Accuracies: base 1/4, full 3/4, Rank-1 1/2, alike in all questions: no spread.
    marks = {BASE: ["1000"] * 40, FULL: ["1110"] * 40, rank(1): HALF}
    point, given = Point("Rank-1", rank(1)), evidence(marks)
    for found, value in (
        (accuracy(given, RECOVERY, rank(1)), 1 / 2),
        (relative_accuracy(given, RECOVERY, point), 2 / 3),  # (1/2)/(3/4)
        (recovered_gain(given, RECOVERY, point), 1 / 2),  # (1/4)/(1/2)
    ):
        assert (found.estimate, found.low, found.high) == pytest.approx((value,) * 3)


def test_no_figure_where_there_is_nothing_to_compare_with() -> None:
    point = Point("Rank-1", rank(1))
    assert relative_accuracy(evidence({FULL: NONE}), RECOVERY, point) is None
    assert recovered_gain(evidence({FULL: NONE}), RECOVERY, point) is None
    assert recovered_gain(evidence({BASE: HALF, FULL: HALF}), RECOVERY, point) is None
    assert recovered_gain(evidence({BASE: ALL, FULL: HALF}), RECOVERY, point) is None


def test_an_interval_in_words() -> None:
    assert str(Interval(0.8764, 0.84, 0.9149)) == "0.876 [0.840, 0.915]"
