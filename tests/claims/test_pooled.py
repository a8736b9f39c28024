"""Claims over several runs, against one-sample t tests, an analysis of variance, and by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from alpharl_bench.claims import Claim, Evidence, Null, Origin, Outcome, Threshold
from alpharl_bench.claims.pooled import Number, Part, Pooled, part_of, pool
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.spectral import ModuleSpectrum
from alpharl_bench.variants import BASE, FULL, rank
from tests.evidence import planted
from tests.scores import score_of

STEPS = (10, 20)
T2, T4 = 4.302653, 2.776445  # Student's t at 97.5 % with 2 and 4 degrees of freedom
RECOVERY, SPECTRUM = CLAIMS["P1.1"], CLAIMS["P1.6"]


def asking(low: float = -np.inf, high: float = np.inf, origin: Origin = Origin.DERIVED) -> Claim:
    """A claim whose controls, if any, are given by hand."""
    return replace(RECOVERY, threshold=Threshold(low, high, origin), nulls=(), ceilings=())


def fact(value: float | Sequence[float], **beyond: float) -> Part:
    """What a run adds whose statistic rests on no sample."""

    def number(of: float | Sequence[float]) -> Number:
        observed = np.array(of, dtype=float)
        return Number(observed, observed[..., None])

    return Part(number(value), {name: number(of) for name, of in beyond.items()}, np.inf, 0)


def pooled(claim: Claim, *bases: Sequence[Part] | Part) -> Pooled:
    """The verdict over bases, of one run or of several each."""
    runs = [[base] if isinstance(base, Part) else base for base in bases]
    clusters = {
        f"base {b}": {f"run {b}.{r}": part for r, part in enumerate(of)}
        for b, of in enumerate(runs)
    }
    found = pool(claim, "bases", clusters)
    assert found is not None
    return found


def reach(found: Pooled) -> float:
    return (found.value.high - found.value.low) / 2


def of_scores(marks: dict[str, list[str]], name: str = "mine") -> Evidence:
    """Evidence of variants that answered the questions so."""
    scores = {
        label: score_of(label, {"chain": {f"q{i}": mark for i, mark in enumerate(of)}})
        for label, of in marks.items()
    }
    return planted(name, STEPS, scores)


def accuracy_is(low: float, **more: object) -> Claim:
    """A claim about the accuracy of the fully trained model."""
    return replace(asking(low), statistic=lambda a, _: a[FULL], **more)


def answered(table: np.ndarray) -> Evidence:
    """Evidence of the fully trained model, with shares (n,) of four samples of each question."""
    marks = ["1" * int(share * 4) + "0" * (4 - int(share * 4)) for share in table]
    variants = accuracy_is(0).variants(STEPS)
    return of_scores({variant.label: marks for variant in variants})


def test_facts_of_one_run_a_base_are_a_one_sample_t_test() -> None:
    values = [0.93, 1.01, 0.97, 1.04, 0.99]
    found = pooled(asking(0.9), *map(fact, values))
    interval = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert (found.value.low, found.value.high) == pytest.approx(interval)
    assert found.value.estimate == pytest.approx(np.mean(values))
    assert found.p_value == pytest.approx(stats.ttest_1samp(values, 0.9).pvalue)
    assert found.df == pytest.approx(4)
    assert (found.over, found.clusters, len(found.runs)) == ("5 bases", 5, 5)
    assert found.outcome is Outcome.SUPPORTED


def test_facts_of_modules_are_pooled_as_numbers() -> None:
    def part(fraction: float) -> Part:
        spectrum = [ModuleSpectrum("m", 1.0, fraction, 1.0, 0.25, 1.0)]
        found = part_of(SPECTRUM, planted("mine", STEPS, spectrum=spectrum))
        assert found is not None
        return found

    fractions = [0.4, 0.5, 0.55]
    found = pooled(SPECTRUM, *map(part, fractions))
    ratios = np.array(fractions) / 0.25
    assert found.p_value == pytest.approx(stats.ttest_1samp(ratios, 1).pvalue)
    assert found.value.estimate == pytest.approx(ratios.mean())


def test_questions_that_all_agree_add_nothing() -> None:
    claim = accuracy_is(0.5)
    parts = [part_of(claim, answered(np.full(40, share))) for share in (0.5, 0.75, 1, 0.75)]
    found = pooled(claim, *(part for part in parts if part))
    assert found.p_value == pytest.approx(stats.ttest_1samp([0.5, 0.75, 1, 0.75], 0.5).pvalue)
    assert found.df == pytest.approx(3)


def test_questions_are_a_random_effect_that_bases_share() -> None:
    # Two-way random effects without replication: the variance of the grand mean is
    # (MS_bases + MS_questions − MS_error) / (bases · questions), with bases − 1 and questions − 1
    # degrees of freedom of its two parts.
    rng = np.random.default_rng(3)
    bases, questions = 4, 60
    common = rng.normal(0.5, 0.3, questions)
    shares = [common + 0.05 * b + rng.normal(0, 0.15, questions) for b in range(bases)]
    table = np.round(np.clip(shares, 0, 1) * 4) / 4
    claim = accuracy_is(0.3)
    parts = [part_of(claim, answered(row)) for row in table]
    found = pooled(claim, *(part for part in parts if part))
    rows = [(b, q, table[b, q]) for b in range(bases) for q in range(questions)]
    frame = pd.DataFrame(rows, columns=["base", "question", "y"])
    squares = anova_lm(ols("y ~ C(base) + C(question)", frame).fit())["mean_sq"]
    of_bases = squares["C(base)"] / table.size
    of_questions = (squares["C(question)"] - squares["Residual"]) / table.size
    t_bases, t_questions = stats.t.isf(0.025, [bases - 1, questions - 1])
    expected = np.sqrt(t_bases**2 * of_bases + t_questions**2 * of_questions)
    assert of_questions > of_bases / 4  # both count
    # 2,000 resamples give a variance to 3 %.
    assert reach(found) == pytest.approx(expected, rel=0.04)
    assert found.value.estimate == pytest.approx(table.mean())
    assert 3 < found.df < 59


def with_questions(value: float, resampled: Sequence[float], df: float = 39) -> Part:
    return Part(Number(np.array(value), np.array(resampled)), {}, df, 0)


def test_both_parts_of_the_variance_by_hand() -> None:
    # Bases 0, 1, 2: variance 1, of their mean 1/3. Resamples go up and down by ½ in all bases
    # together: their covariance is ¼. t(39) = 2.022691: √(18.51282/3 + 4.091279/4) = 2.682119.
    found = pooled(asking(0), *(with_questions(v, [v + 0.5, v - 0.5] * 4) for v in range(3)))
    assert reach(found) == pytest.approx(2.682119, rel=1e-6)
    # Of √(1/3 + 1/4) = 0.763763 that is 3.511717 times: Student's t of between 2 and 3 degrees.
    assert stats.t.isf(0.025, found.df) == pytest.approx(3.511717, rel=1e-5)
    assert 2 < found.df < 3


@pytest.mark.parametrize("signs", [(1, -1, 0), (1, -1, 1)])
def test_a_covariance_below_zero_counts_as_none(signs: tuple[int, int, int]) -> None:
    bases = [
        with_questions(v, [v + 0.5 * sign, v - 0.5 * sign] * 4) for v, sign in enumerate(signs)
    ]
    assert reach(pooled(asking(0), *bases)) == pytest.approx(T2 / np.sqrt(3), rel=1e-6)


def test_no_spread_of_bases_leaves_that_of_the_questions() -> None:
    found = pooled(asking(0), *(with_questions(1, [1.5, 0.5] * 4) for _ in range(3)))
    assert reach(found) == pytest.approx(2.022691 / 2, rel=1e-6)
    assert found.df == pytest.approx(39)


def test_runs_of_a_base_are_averaged_first() -> None:
    # Base means 1, 2 and 3 of one, two and three runs: each base counts once.
    found = pooled(asking(0), [fact(1)], [fact(1), fact(3)], [fact(2), fact(3), fact(4)])
    assert found.value.estimate == pytest.approx(2)
    assert reach(found) == pytest.approx(T2 / np.sqrt(3), rel=1e-6)
    assert (found.clusters, len(found.runs)) == (3, 6)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_clusters_are_none(count: int) -> None:
    clusters = {f"base {i}": {f"run {i}": fact(i)} for i in range(count)}
    assert pool(asking(0), "bases", clusters) is None


def test_runs_that_were_asked_other_questions_are_left_out() -> None:
    parts = {f"base {i}": {f"run {i}": fact(i)} for i in range(3)}
    other = replace(fact(100), questions=1)
    found = pool(asking(0), "bases", {**parts, "other": {"other run": other}})
    assert found is not None
    assert (found.over, found.value.estimate) == ("3 bases", pytest.approx(1))
    assert found.runs == ("run 0", "run 1", "run 2")
    assert found.left_out == ("other run",)
    # In a base that has other runs too, only the run is left out.
    parts["base 2"]["other run"] = other
    found = pool(asking(0), "bases", parts)
    assert found is not None
    assert found.runs == ("run 0", "run 1", "run 2")
    assert found.left_out == ("other run",)
    # What is left may be too little.
    two = {name: parts[name] for name in ("base 0", "base 1")}
    assert pool(asking(0), "bases", {**two, "other": {"other run": other}}) is None


def test_a_run_without_a_number_is_left_out_by_its_name() -> None:
    parts = {f"base {i}": {f"run {i}": fact(i), f"empty {i}": None} for i in range(3)}
    found = pool(asking(0), "bases", {**parts, "none": {"nothing": None}})
    assert found is not None
    assert (found.clusters, found.value.estimate) == (3, pytest.approx(1))
    assert found.left_out == ("empty 0", "empty 1", "empty 2", "nothing")
    assert pool(asking(0), "bases", {"none": {"nothing": None}}) is None


def test_questions_are_told_apart_by_their_names() -> None:
    claim = accuracy_is(0.5)
    first = answered(np.full(10, 0.5))
    same, fewer = (part_of(claim, answered(np.full(n, 1))) for n in (10, 9))
    part = part_of(claim, first)
    assert part is not None
    assert same is not None
    assert fewer is not None
    assert part.questions == same.questions != fewer.questions
    assert (part.df, fewer.df) == pytest.approx((9, 8))


def test_a_statistic_without_a_number_is_no_part() -> None:
    claim = replace(asking(0.5), statistic=lambda a, _: a[rank(1)] / a[FULL])
    marks = {v.label: ["1111"] * 10 for v in claim.variants(STEPS)}
    assert part_of(claim, of_scores(marks)) is not None
    assert part_of(claim, of_scores({**marks, FULL.label: ["0000"] * 10})) is None
    # One question right: a resample without it divides by zero.
    hardly = {**marks, FULL.label: ["1111", *["0000"] * 9]}
    assert part_of(claim, of_scores(hardly)) is None


def test_a_control_without_a_number_is_no_part() -> None:
    divided = Null("none", lambda a, _: a[BASE] / (a[BASE] - a[BASE]))
    claim = accuracy_is(0.5, nulls=(divided,))
    assert part_of(claim, answered(np.full(10, 0.5))) is None


def test_what_is_beyond_a_control_is_paired() -> None:
    # The base answers the second half of the questions, the trained model all of them.
    marks = {v.label: ["1111"] * 10 for v in RECOVERY.variants(STEPS)}
    marks[BASE.label] = [*["0000"] * 5, *["1111"] * 5]
    claim = accuracy_is(
        0.5,
        nulls=(
            Null("base", lambda a, _: a[BASE]),
            Null("both", lambda a, _: np.stack([a[BASE], a[FULL]])),
        ),
    )
    part = part_of(claim, of_scores(marks))
    assert part is not None
    assert part.beyond["base"].observed == pytest.approx(0.5)
    # Of draws the mean is taken: 1 − (½ + 1)/2.
    assert part.beyond["both"].observed == pytest.approx(0.25)
    assert part.beyond["both"].resampled == pytest.approx(part.beyond["base"].resampled / 2)
    assert part.statistic.resampled.shape == part.beyond["base"].resampled.shape == (2000,)
    assert part.statistic.resampled.var() == pytest.approx(0)
    # Of 10 questions 9 are drawn: ¼/9 · 10/10, unbiased for s²/n = (10/9 · ¼)/10.
    assert part.beyond["base"].resampled.var() == pytest.approx(1 / 36, rel=0.1)


# Bases lie at 2 ± ½ around their mean, or at 0 ± ½: t(2) · 0.5/√3 = 1.2421. What lies ¾ beyond a
# control by ± ¼ is told from it (0.6211), by ± ½ it is not.
CLEAR, UNCLEAR = (0.5, 0.75, 1.0), (0.25, 0.75, 1.25)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(
    ("mean", "null", "ceiling", "origin", "outcome"),
    [
        (2, CLEAR, CLEAR, Origin.DERIVED, Outcome.SUPPORTED),
        (2, CLEAR, UNCLEAR, Origin.OURS, Outcome.SUPPORTED),
        (2, UNCLEAR, CLEAR, Origin.DERIVED, Outcome.NOT_INFORMATIVE),
        (-2, CLEAR, CLEAR, Origin.DERIVED, Outcome.REFUTED),
        (-2, UNCLEAR, CLEAR, Origin.PRINTED, Outcome.REFUTED),
        (-2, CLEAR, UNCLEAR, Origin.PRINTED, Outcome.NOT_INFORMATIVE),
        (-2, CLEAR, CLEAR, Origin.OURS, Outcome.MEASURED),
        (-2, CLEAR, UNCLEAR, Origin.OURS, Outcome.NOT_INFORMATIVE),
        (1, CLEAR, CLEAR, Origin.PRINTED, Outcome.INCONCLUSIVE),
        (-1, UNCLEAR, UNCLEAR, Origin.PRINTED, Outcome.INCONCLUSIVE),
    ],
)
def test_outcomes_by_hand(
    mean: float,
    null: Sequence[float],
    ceiling: Sequence[float],
    origin: Origin,
    outcome: Outcome,
    *,
    mirrored: bool,
) -> None:
    sign = -1 if mirrored else 1
    bound = {"high": 0.0} if mirrored else {"low": 0.0}
    controls = {"nulls": (Null("null", _unread),), "ceilings": (Null("ceiling", _unread),)}
    claim = replace(asking(**bound, origin=origin), **controls)
    bases = [
        fact(sign * (mean + apart), null=sign * above, ceiling=-sign * below)
        for apart, above, below in zip((-0.5, 0, 0.5), null, ceiling, strict=True)
    ]
    found = pooled(claim, *bases)
    assert found.outcome is outcome
    assert found.controls["null"].alike == (null is UNCLEAR)
    assert found.controls["ceiling"].alike == (ceiling is UNCLEAR)
    assert found.controls["null"].value.estimate == pytest.approx(sign * 0.75)
    assert [one.ceiling for one in found.controls.values()] == [False, True]


def _unread(*_: object) -> np.ndarray:
    raise AssertionError("a pool reads what its parts hold")


def test_a_run_below_its_null_is_told_in_the_direction_of_the_claim_alone() -> None:
    claim = replace(asking(0), nulls=(Null("null", _unread),))
    found = pooled(claim, *(fact(2 + apart, null=-5 - apart) for apart in (-0.5, 0, 0.5)))
    assert found.controls["null"].alike
    assert found.outcome is Outcome.NOT_INFORMATIVE


def test_bases_that_are_all_alike() -> None:
    on, beyond, below = (pooled(asking(1), *(fact(v) for _ in range(3))) for v in (1, 1.5, 0.5))
    assert (on.outcome, on.p_value) == (Outcome.INCONCLUSIVE, 1)
    assert beyond.outcome is Outcome.SUPPORTED
    assert below.outcome is Outcome.REFUTED
    assert beyond.p_value < 1e-9
    assert (beyond.value.low, beyond.value.high, beyond.df) == (1.5, 1.5, 2)


def test_a_band_is_held_within_both_bounds_and_missed_beyond_one() -> None:
    values = [0.9, 1.0, 1.1]  # 1 ± 4.302653 · 0.1/√3 = 1 ± 0.2484

    def judged(low: float, high: float) -> Outcome:
        return pooled(asking(low, high), *map(fact, values)).outcome

    assert judged(0.75, 1.25) is Outcome.SUPPORTED
    assert judged(0.76, 1.25) is judged(0.75, 1.24) is Outcome.INCONCLUSIVE
    assert judged(1.25, 2) is judged(0, 0.75) is Outcome.REFUTED


def test_the_least_of_two_by_hand() -> None:
    # Means 2 and 3, standard errors 1/√3 and 2/√3. Below, both count at 97.5 %; above, the lower
    # end of the upper ones at half the error: t(2) at 1.25 % is 6.205347.
    bases = [fact([1, 1]), fact([2, 3]), fact([3, 5])]
    claim = replace(asking(-1), extremes=("least",))
    found = pooled(claim, *bases)
    assert found.value.estimate == pytest.approx(2)
    low = min(2 - T2 / np.sqrt(3), 3 - T2 * 2 / np.sqrt(3))
    high = min(2 + 6.205347 / np.sqrt(3), 3 + 6.205347 * 2 / np.sqrt(3))
    assert (found.value.low, found.value.high) == pytest.approx((low, high), rel=1e-6)
    # Holding takes both: p is the larger one. That of −1 is at t = 3√3 and at 2√3.
    assert found.p_value == pytest.approx(2 * stats.t.sf(2 * np.sqrt(3), 2))
    # Failing takes one, and is corrected for the choice of two.
    failing = pooled(replace(asking(7), extremes=("least",)), *bases)
    assert failing.p_value == pytest.approx(2 * 2 * stats.t.sf(5 * np.sqrt(3), 2))
    assert failing.outcome is Outcome.REFUTED


def test_the_practical_line_is_beside_the_outcome() -> None:
    values = [0.9, 1.0, 1.1]
    claim = replace(asking(1.2), practical=Threshold(low=0.7))
    found = pooled(claim, *map(fact, values))
    assert (found.outcome, found.practical) == (Outcome.INCONCLUSIVE, Outcome.SUPPORTED)
    assert pooled(replace(claim, practical=None), *map(fact, values)).practical is None


@given(
    values=st.lists(st.integers(-20, 20), min_size=3, max_size=6),
    shared=st.integers(0, 8),
    df=st.sampled_from([5.0, 39.0, np.inf]),
    low=st.integers(-20, 20),
    width=st.sampled_from([5.0, 40.0, np.inf]),
)
def test_a_verdict_is_decided_exactly_where_the_interval_excludes_a_bound(
    values: list[int], shared: int, df: float, low: int, width: float
) -> None:
    claim = asking(low - 0.5, low - 0.5 + width)
    bases = [with_questions(v, [v + shared, v - shared] * 4, df) for v in values]
    found = pooled(claim, *bases)
    line = claim.threshold
    holds = line.holds(found.value.low, found.value.high)
    fails = line.fails(found.value.low, found.value.high)
    assert (found.outcome is Outcome.SUPPORTED) == holds
    assert (found.outcome is Outcome.REFUTED) == fails
    assert (found.p_value <= 0.05) == (holds or fails)
    assert len(values) - 1 - 1e-6 <= found.df <= max(df, len(values) - 1) + 1e-6
