"""Verdicts on synthetic scores whose intervals can be worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as given_that
from hypothesis import settings
from hypothesis import strategies as st

from alpharl_bench.claims import (
    Claim,
    Evidence,
    Fact,
    Interval,
    Null,
    Origin,
    Outcome,
    Point,
    Verdict,
    judge,
    learning,
)
from alpharl_bench.claims import Threshold as Asked
from alpharl_bench.claims.measures import accuracy, recovered_gain, relative_accuracy
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.scoring import Score
from alpharl_bench.spectral import ModuleSpectrum
from alpharl_bench.variants import BASE, FULL, Variant, full_at, rank
from tests.evidence import altered, planted
from tests.scores import score_of

QUESTIONS, SAMPLES = 40, 4
STEPS = (10, 20)
ALL, HALF, NONE = (["1" * SAMPLES] * QUESTIONS, ["1100"] * QUESTIONS, ["0" * SAMPLES] * QUESTIONS)
ONE_MISSED = [*ALL[1:], NONE[0]]
#: P1.1 without controls: every variant answers all, the random one too.
RECOVERY = replace(CLAIMS["P1.1"], nulls=(), ceilings=(), practical=None)


def score(variant: Variant, marks: Sequence[str]) -> Score:
    return score_of(variant.label, {"chain": {f"q{i}": mark for i, mark in enumerate(marks)}})


def evidence(marks: dict[Variant, Sequence[str]], claim: Claim = RECOVERY) -> Evidence:
    """The base answers nothing, every other variant all, but for ``marks``."""
    all_marks = {v: NONE if v == BASE else ALL for v in claim.variants(STEPS)} | marks
    scores = {variant.label: score(variant, given) for variant, given in all_marks.items()}
    return planted("mine", STEPS, scores)


def modules(*fractions: float, noise: float = 0.25) -> Evidence:
    spectrum = [ModuleSpectrum("m", 1.0, fraction, 1.0, noise, 1.0) for fraction in fractions]
    return planted("mine", STEPS, spectrum=spectrum)


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
    assert (verdict.units, verdict.samples) == (40, 4)
    assert str(verdict).startswith("P1.1 on mine: supported (")
    assert "1.000 [1.000, 1.000] at 95 %, asked for ≥ 0.99" in str(verdict)


def test_refuted() -> None:
    verdict = judge(RECOVERY, evidence({rank(1): HALF}))
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.value.high == pytest.approx(0.5)
    assert verdict.samples_needed is None


def test_questions_that_disagree_need_more_questions() -> None:
    verdict = judge(RECOVERY, evidence({rank(1): ONE_MISSED}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    # The missed question is drawn Binomial(39, 1/40) times. Φ(t(0.025; 39)) = 0.0215; three times
    # or more has probability 0.074 and four or more 0.017. So the interval is from 36/39 to 1.
    assert verdict.value.estimate == pytest.approx(39 / 40)
    assert (verdict.value.low, verdict.value.high) == pytest.approx((36 / 39, 1))
    # Every question is all right or all wrong, so its samples are sure. The half-width
    # 39/40 - 36/39 = 0.0519 must shrink to 0.99 - 0.975 = 0.015: 40 · (0.0519/0.015)² = 479.1.
    assert (verdict.samples_needed, verdict.questions_needed) == (None, 480)
    assert str(verdict).endswith(
        "more samples cannot decide it on these 40 questions; about 480 questions would"
    )


def answers(chances: np.ndarray, samples: int, seed: int = 0) -> list[str]:
    """Marks of questions that are answered right with the given chances."""
    right = np.random.default_rng(seed).random((len(chances), samples)) < chances[:, None]
    return ["".join("01"[int(mark)] for mark in row) for row in right]


def open_verdict(chances: np.ndarray, samples: int, distance: float) -> Verdict:
    """On relative accuracy = accuracy, asked to be as far above what it is as ``distance``."""
    n = len(chances)
    marks = {v: ["1" * samples] * n for v in RECOVERY.variants(STEPS)}
    marks |= {BASE: ["0" * samples] * n, rank(1): answers(chances, samples)}
    given = evidence(marks)
    at = given.observed(RECOVERY)[rank(1)][0] + distance
    return judge(replace(RECOVERY, threshold=Asked(high=at)), given)


def test_questions_that_agree_need_more_samples() -> None:
    # Nothing differs but by chance: the variance is 1/4/(400 k), and the half-width of 8 samples
    # 1.966 · 0.00884 = 0.01738. A distance of 0.01 takes 8 · 1.738² = 24.2 samples.
    verdict = open_verdict(np.full(400, 0.5), samples=8, distance=0.01)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.samples_needed == pytest.approx(24, abs=5)
    assert verdict.questions_needed is None
    assert f"about {verdict.samples_needed} samples a question would decide it, 8 were" in str(
        verdict
    )


def test_samples_needed_where_questions_differ_too() -> None:
    # Chances 0.2 and 0.8: A = 0.09/600, W = 0.16/(600 · 4). The half-width is 1.964 · √(A + W) =
    # 0.02891; 0.026 takes (0.026/1.964)² = 1.7525e-4 = A + 0.16/(600 k), k = 10.6.
    chances = np.tile([0.2, 0.8], 300)
    verdict = open_verdict(chances, samples=4, distance=0.026)
    assert 7 <= verdict.samples_needed <= 18
    # √A · 1.964 = 0.02405 is too wide for 0.02, whatever the number of samples; the half-width of
    # 4 shrinks to it with 600 · (0.02891/0.02)² = 1254 questions.
    verdict = open_verdict(chances, samples=4, distance=0.02)
    assert verdict.samples_needed is None
    assert verdict.questions_needed == pytest.approx(1254, rel=0.1)


def test_as_many_samples_as_needed_do_decide() -> None:
    chances = np.random.default_rng(3).beta(30, 30, 200)
    needed = open_verdict(chances, samples=4, distance=0.025).samples_needed
    assert needed > 5
    assert open_verdict(chances, round(1.3 * needed), distance=0.025).outcome is Outcome.SUPPORTED
    few = open_verdict(chances, round(0.7 * needed), distance=0.025)
    assert few.outcome is Outcome.INCONCLUSIVE


def test_one_sample_a_question_does_not_tell_what_is_needed() -> None:
    verdict = open_verdict(np.full(100, 0.5), samples=1, distance=0.05)
    assert verdict.samples_needed is None
    # A half-width of 1.984 · 0.05 to 0.05.
    assert verdict.questions_needed == pytest.approx(394, rel=0.15)
    assert "one sample a question does not tell" in str(verdict)


def test_the_wider_side_and_the_nearer_bound() -> None:
    # The interval of 0.3 … 0.7 cuts 2.15 % at each end, to 0.3086 … 0.6914; from 0.48 the wider
    # side is 0.2114. The nearer bound is 0.4, at 0.08: 40 · (0.2114/0.08)² = 279.3.
    claim = with_statistic(0.48, np.linspace(0.3, 0.7, 10_000), Asked(low=0.4, high=0.6))
    verdict = judge(claim, evidence({}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert (verdict.value.low, verdict.value.high) == pytest.approx((0.3086, 0.6914), abs=1e-4)
    # Resamples within questions vary as much as those of questions: nothing lies between them.
    assert verdict.samples_needed == pytest.approx(4 * 279.3 / 40, abs=1)


def test_an_estimate_on_the_threshold_is_decided_by_no_known_number() -> None:
    claim = with_statistic(0.5, np.linspace(0.3, 0.7, 10_000), Asked(low=0.5))
    verdict = judge(claim, evidence({}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert (verdict.samples_needed, verdict.questions_needed) == (None, None)
    assert "no number of samples" in str(verdict)


@pytest.mark.parametrize("tasks", [["chain"] * 39 + ["lonely"], ["lonely"]])
def test_a_task_of_one_question_has_no_interval(tasks: list[str]) -> None:
    given = evidence({})
    correct: dict[str, dict[str, str]] = {task: {} for task in tasks}
    for i, task in enumerate(tasks):
        correct[task][f"q{i}"] = "1111"
    wrong = {task: dict.fromkeys(marks, "0000") for task, marks in correct.items()}
    scores = {
        label: score_of(label, wrong if label == "base" else correct) for label in given.scores
    }
    given = altered(given, scores=scores)
    verdict = judge(RECOVERY, given)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason == "too few questions for an interval: task 'lonely' has 1"
    assert (verdict.value, verdict.p_value) == (None, 1)
    assert str(accuracy(given, FULL)) == "1.000 [no interval]"
    assert recovered_gain(given, Point("Rank-1", rank(1))) is None


def test_the_first_of_several_analyses_is_at_a_higher_confidence() -> None:
    # Half of all samples of every question are right, by chance: all variance is within questions,
    # and after 4 of 16 samples a quarter of the information is there.
    chances = np.full(QUESTIONS, 0.5)
    given = evidence({rank(1): answers(chances, SAMPLES), FULL: ALL})
    claim = replace(RECOVERY, threshold=Asked(low=0.39))
    one, first = (judge(claim, given, planned) for planned in ((), (4, 8, 12, 16)))
    # 0.05 · ln(1 + (e − 1)/4) = 0.0179, and less where questions differ by chance.
    assert one.confidence == 0.95
    assert 1 - 0.0179 - 0.012 <= first.confidence <= 1 - 0.0179 + 0.001
    assert first.value.low < one.value.low < one.value.estimate == first.value.estimate
    assert one.p_value < first.p_value
    assert first.outcome is Outcome.INCONCLUSIVE or first.p_value <= 0.05


def test_samples_that_cannot_help_cost_no_confidence() -> None:
    # Every question is all right or all wrong: more samples add nothing, and nothing is spent.
    given = evidence({rank(1): [*ALL[:36], *NONE[:4]]})
    one, first = (judge(RECOVERY, given, planned) for planned in ((), (4, 8, 12, 16)))
    assert one.outcome is first.outcome is Outcome.REFUTED
    assert (first.confidence, first.p_value) == pytest.approx((one.confidence, one.p_value))


@given_that(
    planned=st.sampled_from([(), (4, 8), (2, 4, 6, 8), (4, 8, 12, 16)]),
    missed=st.integers(0, 14),
    half=st.integers(0, 14),
    low=st.sampled_from([0.7, 0.8, 0.9, 0.99]),
)
@settings(deadline=None, max_examples=40)
def test_a_verdict_is_decided_exactly_where_p_is_small(
    planned: tuple[int, ...], missed: int, half: int, low: float
) -> None:
    marks = [*NONE[:missed], *HALF[:half], *ALL[: QUESTIONS - missed - half]]
    claim = replace(RECOVERY, threshold=Asked(low=low))
    verdict = judge(claim, evidence({rank(1): marks}), planned)
    assert (verdict.outcome is not Outcome.INCONCLUSIVE) == (verdict.p_value <= 0.05)


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
    threshold = replace(threshold, origin=Origin.PRINTED)
    claim = with_statistic(0.5, np.linspace(0.3, 0.7, 10_000), threshold)  # 0.309 … 0.691
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
    assert (verdict.value, verdict.samples_needed, verdict.p_value) == (None, None, 1)
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


@pytest.mark.parametrize("fractions", [[0.5] * 7, [0.05, 0.5, 0.1, 0.6] * 2, [0.2, 0.1] * 3, [0.5]])
def test_what_is_computed_from_weights_is_a_fact_of_the_run(fractions: list[float]) -> None:
    spectrum = CLAIMS["P1.6"]
    verdict = judge(spectrum, modules(*fractions))
    assert verdict.outcome is Outcome.MEASURED
    assert verdict.alone
    assert not verdict.decided
    assert verdict.value == Fact(pytest.approx(np.mean(fractions) / 0.25))
    assert (verdict.units, verdict.samples, verdict.p_value) == (len(fractions), 0, 1)
    assert "[" not in str(verdict)
    assert str(verdict).endswith("of this run alone: its modules are no sample")


def test_modules_are_looked_at_once() -> None:
    given = modules(*[0.3, 0.25, 0.3, 0.31, 0.2, 0.33, 0.3])
    assert judge(CLAIMS["P1.6"], given, (4, 8)) == judge(CLAIMS["P1.6"], given)


def test_no_modules_are_no_number() -> None:
    verdict = judge(CLAIMS["P1.6"], modules())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason == "no modules were measured"


@pytest.mark.parametrize("fractions", [[np.nan] * 6, [*[0.5] * 5, np.nan]])
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
        (accuracy(given, rank(1)), 1 / 2),
        (relative_accuracy(given, point), 2 / 3),  # (1/2)/(3/4)
        (recovered_gain(given, point), 1 / 2),  # (1/4)/(1/2)
    ):
        assert (found.estimate, found.low, found.high) == pytest.approx((value,) * 3)


def test_no_figure_where_there_is_nothing_to_compare_with() -> None:
    point = Point("Rank-1", rank(1))
    assert relative_accuracy(evidence({FULL: NONE}), point) is None
    assert recovered_gain(evidence({FULL: NONE}), point) is None
    assert recovered_gain(evidence({BASE: HALF, FULL: HALF}), point) is None
    assert recovered_gain(evidence({BASE: ALL, FULL: HALF}), point) is None


def test_an_interval_in_words() -> None:
    assert str(Interval(0.8764, 0.84, 0.9149)) == "0.876 [0.840, 0.915]"


def test_whether_a_run_learned_by_hand() -> None:
    # Every question goes from 2 of 4 samples to 4: all agree, and the interval is a point.
    learned = learning(evidence({BASE: HALF}))
    assert not learned.failed
    assert (learned.base.estimate, learned.full.estimate) == (0.5, 1)
    assert (learned.gain.low, learned.gain.high) == (0.5, 0.5)
    assert "base accuracy 0.500 [0.500, 0.500], fully trained 1.000" in str(learned)


@pytest.mark.parametrize(
    ("base", "full"),
    [(HALF, HALF), (ALL, HALF), (NONE, [*NONE[1:], ALL[0]])],
    ids=["equal", "worse", "barely better"],
)
def test_a_run_that_is_not_clearly_better_than_its_base_did_not_learn(base, full) -> None:
    assert learning(evidence({BASE: base, FULL: full})).failed


def test_more_analyses_ask_for_a_clearer_gain() -> None:
    marks = {BASE: NONE, FULL: answers(np.full(QUESTIONS, 0.3), SAMPLES)}
    once, often = (learning(evidence(marks), planned) for planned in ((), range(4, 44, 4)))
    assert once.confidence == 0.95 < often.confidence
    assert often.gain.low < once.gain.low


def test_one_question_does_not_tell_whether_a_run_learned() -> None:
    scores = {v.label: score(v, marks) for v, marks in ((BASE, ["0000"]), (FULL, ["1111"]))}
    learned = learning(planted("mine", STEPS, scores))
    assert not learned.known
    assert not learned.failed


@pytest.mark.parametrize("kind", ["SFT", "DPO"])
def test_a_verdict_on_another_kind_of_run_is_a_contrast(kind) -> None:
    verdict = judge(RECOVERY, replace(evidence({rank(1): HALF}), kind=kind))
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.contrast
    assert str(verdict).startswith("P1.1 on mine: refuted, a contrast (")
    assert not judge(RECOVERY, evidence({rank(1): HALF})).contrast


def control(statistic: float, spread: float = 0.0, *, name: str = "nothing at all") -> Null:
    """A control with this accuracy relative to the trained model, whatever the evidence."""
    rng = np.random.default_rng(0)
    return Null(name, lambda a, _: statistic + spread * rng.standard_normal(len(a[FULL])))


HOLDS, FAILS = Asked(low=0.4, origin=Origin.PRINTED), Asked(low=0.6, origin=Origin.PRINTED)


def beside(threshold: Asked, **controls: tuple[Null, ...]) -> Verdict:
    """Rank-1 has half of the accuracy, ± 0.05; the line is held or missed."""
    marks = [*ALL[:10], *HALF[:20], *NONE[:10]]
    claim = replace(RECOVERY, threshold=threshold, **controls)
    return judge(claim, evidence({rank(1): marks}))


def test_the_line_is_held_and_missed_without_controls() -> None:
    assert beside(replace(HOLDS, low=0.3)).outcome is Outcome.SUPPORTED
    assert beside(replace(FAILS, low=0.7)).outcome is Outcome.REFUTED


@pytest.mark.parametrize(
    ("null", "outcome"),
    [
        (control(0.2), Outcome.SUPPORTED),
        # Far above the line, and yet the run is above it: the line is no matter.
        (control(0.31), Outcome.SUPPORTED),
        (control(0.5), Outcome.NOT_INFORMATIVE),
        (control(0.8), Outcome.NOT_INFORMATIVE),
        # Its own chance is part of the comparison.
        (control(0.3, spread=0.2), Outcome.NOT_INFORMATIVE),
    ],
)
def test_a_null_is_compared_with_the_run_and_not_with_the_line(
    null: Null, outcome: Outcome
) -> None:
    verdict = beside(replace(HOLDS, low=0.3), nulls=(null,))
    assert verdict.outcome is outcome
    assert verdict.controls["nothing at all"].alike == (outcome is Outcome.NOT_INFORMATIVE)
    assert ("cannot be told from its control: nothing at all" in str(verdict)) == (
        outcome is Outcome.NOT_INFORMATIVE
    )


@pytest.mark.parametrize("null", [control(0.2), control(0.9)])
def test_a_null_says_nothing_of_a_refutation(null: Null) -> None:
    assert beside(replace(FAILS, low=0.7), nulls=(null,)).outcome is Outcome.REFUTED


@pytest.mark.parametrize(
    ("ceiling", "outcome"),
    [(control(0.9), Outcome.REFUTED), (control(0.5), Outcome.NOT_INFORMATIVE)],
)
def test_where_the_effect_itself_would_fail_a_refutation_is_not_informative(
    ceiling: Null, outcome: Outcome
) -> None:
    verdict = beside(replace(FAILS, low=0.7), ceilings=(ceiling,))
    assert verdict.outcome is outcome
    assert verdict.controls["nothing at all"].ceiling
    assert beside(replace(HOLDS, low=0.3), ceilings=(ceiling,)).outcome is Outcome.SUPPORTED


@pytest.mark.parametrize(
    ("origin", "outcome"),
    [
        (Origin.PRINTED, Outcome.REFUTED),
        (Origin.DERIVED, Outcome.REFUTED),
        (Origin.OURS, Outcome.MEASURED),
    ],
)
def test_nothing_is_refuted_by_a_line_of_ours(origin: Origin, outcome: Outcome) -> None:
    verdict = beside(Asked(low=0.7, origin=origin))
    assert verdict.outcome is outcome
    assert ("the line is ours" in str(verdict)) == (origin is Origin.OURS)
    assert verdict.p_value <= 0.05
    assert beside(Asked(low=0.3, origin=origin)).outcome is Outcome.SUPPORTED


@pytest.mark.parametrize(
    ("low", "practical", "settled"),
    [
        (0.3, Outcome.SUPPORTED, True),
        (0.5, Outcome.INCONCLUSIVE, False),
        (0.7, Outcome.MEASURED, True),
    ],
)
def test_the_practical_line_stands_beside_the_verdict(
    low: float, practical: Outcome, settled: bool
) -> None:
    verdict = beside(replace(HOLDS, low=0.52))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.practical is None
    weaker = replace(verdict, claim=replace(verdict.claim, practical=Asked(low=low)))
    assert weaker.practical is practical
    assert weaker.outcome is Outcome.INCONCLUSIVE
    assert weaker.settled is settled


def test_what_was_measured_can_be_a_reason_against_a_verdict() -> None:
    claim = replace(RECOVERY, unmeasured_reason=lambda a: f"full has {a[FULL][0]:.0f}")
    verdict = judge(claim, evidence({rank(1): ALL}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason == "full has 1"


def test_the_smallest_effect_that_is_told_with_80_percent() -> None:
    verdict = beside(HOLDS)
    # The half-width is t(0.025; 39) = 2.02 standard errors; told are 2.02 + 0.85 of them.
    half = (verdict.value.high - verdict.value.low) / 2
    assert verdict.detectable == pytest.approx(half * (2.0227 + 0.8512) / 2.0227, rel=1e-3)
    assert judge(CLAIMS["P1.6"], modules(0.5)).detectable == np.inf
