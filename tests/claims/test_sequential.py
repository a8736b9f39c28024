"""Verdicts at one of several planned analyses: the number that is shown and the p-value agree."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as given_that
from hypothesis import settings
from hypothesis import strategies as st

from alpharl_bench.claims import Claim, Evidence, Origin, Outcome, Threshold, judge
from alpharl_bench.claims.claim import Extreme
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.scoring import RESAMPLES
from alpharl_bench.tables import Means
from alpharl_bench.variants import BASE, FULL
from tests.evidence import planted
from tests.scores import score_of

PLANNED, STEPS = (4, 8, 12, 16), (10, 20)
LINE = Threshold(low=0, origin=Origin.DERIVED)
DRAWN = np.random.default_rng(0).normal(size=(10, RESAMPLES))


def with_numbers(shifts: np.ndarray, within: float, extremes: Sequence[Extreme]) -> Claim:
    """P1.1 with numbers of variance 1 about ``shifts``, a part of it within questions."""

    def statistic(a: Means, _: Sequence[int]) -> np.ndarray:
        draws = len(a[FULL])
        if draws == 1:
            return shifts[..., None]
        spread = DRAWN[: shifts.size, :draws].reshape(*shifts.shape, draws)
        return shifts[..., None] + spread * (1 if draws == RESAMPLES else np.sqrt(within))

    return replace(
        CLAIMS["P1.1"],
        statistic=statistic,
        threshold=LINE,
        extremes=tuple(extremes),
        nulls=(),
        ceilings=(),
    )


def evidence(samples: int) -> Evidence:
    """Forty questions that the base never answers and every other variant always does."""
    marks = {v: ("0" if v == BASE else "1") * samples for v in CLAIMS["P1.1"].variants(STEPS)}
    scores = {
        v.label: score_of(v.label, {"chain": {f"q{n}": mark for n in range(40)}})
        for v, mark in marks.items()
    }
    return planted("mine", STEPS, scores)


EVIDENCE = {samples: evidence(samples) for samples in PLANNED}


@given_that(
    samples=st.sampled_from(PLANNED),
    within=st.sampled_from([0.1, 0.9]),
    shift=st.floats(-5, 5).map(lambda shift: round(shift, 4)),
    case=st.sampled_from([([], ()), (["least"], (7,)), (["most", "least"], (5, 2))]),
)
@settings(deadline=None, max_examples=25)
def test_the_interval_excludes_the_line_where_the_p_value_decides(
    samples: int, within: float, shift: float, case: tuple[list[Extreme], tuple[int, ...]]
) -> None:
    extremes, shape = case
    claim = with_numbers(np.full(shape, shift), within, extremes)
    verdict = judge(claim, EVIDENCE[samples], PLANNED)
    assert verdict.value is not None
    apart = LINE.holds(verdict.value.low, verdict.value.high) or LINE.fails(
        verdict.value.low, verdict.value.high
    )
    if abs(verdict.p_value - 0.05) > 1e-5:
        assert apart == (verdict.p_value <= 0.05)


def test_seven_numbers_at_a_look_share_the_error_of_all_looks() -> None:
    # That the least of seven fails is asked at an error of 0.05/7, of which this look has its
    # share: not at a seventh of its share of 0.05, by which the interval would end below the line.
    claim = with_numbers(np.full(7, -3.141), 0.9, ["least"])
    verdict = judge(claim, EVIDENCE[8], PLANNED)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.value is not None
    assert 0 < verdict.value.high < 0.02
    assert verdict.p_value == pytest.approx(0.05, abs=0.005)


def test_an_analysis_that_adds_nothing_has_no_interval() -> None:
    # A part of 0.1 % within questions: 12 samples tell as much as 16, to a hundredth.
    verdict = judge(with_numbers(np.array(3.0), 0.001, []), EVIDENCE[8], PLANNED)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.value is not None
    assert (verdict.value.low, verdict.value.high) == (-np.inf, np.inf)
    assert (verdict.p_value, verdict.samples_needed) == (1, None)
