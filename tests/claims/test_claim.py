"""Thresholds and claims."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpharl_bench.claims import Claim, Curve, Origin, PaperRef, Point, Printed, Threshold
from alpharl_bench.claims.claim import Table
from alpharl_bench.scoring import percentile_interval
from alpharl_bench.variants import BASE, FULL, full_at, rank

VALUES = st.floats(-10, 10)


@pytest.mark.parametrize(
    ("threshold", "text"),
    [
        (Threshold(low=0.99), "≥ 0.99"),
        (Threshold(high=0.99), "≤ 0.99"),
        (Threshold(low=0.625, high=1.125), "0.625 … 1.125"),
        (Threshold(low=0), "≥ 0"),
    ],
)
def test_a_threshold_in_words(threshold: Threshold, text: str) -> None:
    assert str(threshold) == text


@pytest.mark.parametrize(
    ("interval", "holds", "fails"),
    [
        ((0.7, 1.0), True, False),
        ((0.625, 1.125), True, False),  # the bounds belong to it
        ((0.6, 1.0), False, False),
        ((0.7, 1.2), False, False),
        ((0.5, 1.5), False, False),
        ((0.1, 0.625), False, False),
        ((0.1, 0.6), False, True),
        ((1.2, 1.5), False, True),
    ],
)
def test_an_interval_holds_fails_or_neither(
    interval: tuple[float, float], holds: bool, fails: bool
) -> None:
    threshold = Threshold(low=0.625, high=1.125)
    assert threshold.holds(*interval) is holds
    assert threshold.fails(*interval) is fails


@given(VALUES, VALUES, VALUES, VALUES)
def test_no_interval_both_holds_and_fails(a: float, b: float, c: float, d: float) -> None:
    (low, high), interval = sorted((a, b)), sorted((c, d))
    for threshold in (Threshold(low, high), Threshold(low=low), Threshold(high=high)):
        assert not (threshold.holds(*interval) and threshold.fails(*interval))
        inside = [threshold.low <= x <= threshold.high for x in interval]
        assert threshold.holds(*interval) == all(inside)
        assert not (threshold.fails(*interval) and any(inside))


@pytest.mark.parametrize("df", [4, 29, 1e6])
@pytest.mark.parametrize("alpha", [0.05, 0.0125])
@given(seed=st.integers(0, 2**32), centre=st.floats(-3, 3), width=st.floats(0, 4))
@settings(deadline=None, max_examples=50)
def test_p_is_at_most_alpha_exactly_where_the_interval_decides(
    df: float, alpha: float, seed: int, centre: float, width: float
) -> None:
    # Rounded, so that resamples lie on the bounds too.
    values = np.round(np.random.default_rng(seed).normal(centre, 0.5, size=2000), 1)
    low, high = percentile_interval(values, df, 1 - alpha)
    for threshold in (Threshold(low=0), Threshold(high=0), Threshold(0, round(width, 1))):
        decides = threshold.holds(low, high) or threshold.fails(low, high)
        holds, fails = threshold.p_holds(values, df), threshold.p_fails(values, df)
        assert 0 <= min(holds, fails) <= max(holds, fails) <= 1
        assert (holds <= alpha) == threshold.holds(low, high)
        assert (fails <= alpha) == threshold.fails(low, high)
        assert (min(holds, fails) <= alpha) == decides


def test_the_p_value_of_a_band_is_that_of_the_worse_bound_inside_and_the_better_outside() -> None:
    values = np.linspace(0, 1, 1000)  # 0.1 has 100 below it, 0.95 has 50 above
    df = 1e9
    alone = Threshold(low=0.1).p_holds(values, df), Threshold(high=0.95).p_holds(values, df)
    assert alone == pytest.approx((2 * 101 / 1001, 2 * 51 / 1001))
    assert Threshold(0.1, 0.95).p_holds(values, df) == max(alone)
    assert Threshold(0.95, 2).p_fails(values, df) == alone[1]


@pytest.mark.parametrize(
    ("threshold", "value", "distance"),
    [
        (Threshold(low=1), 0.75, 0.25),
        (Threshold(low=1), 1.5, 0.5),
        (Threshold(high=1), 0.75, 0.25),
        (Threshold(low=0.5, high=1.5), 1.25, 0.25),
        (Threshold(low=0.5, high=1.5), 0.75, 0.25),
        (Threshold(low=0.5, high=1.5), 2.0, 0.5),
        (Threshold(low=1), 1, 0),
    ],
)
def test_the_distance_to_the_nearer_bound(
    threshold: Threshold, value: float, distance: float
) -> None:
    assert threshold.distance(value) == distance


def test_a_line_is_ours_unless_it_is_said_whose() -> None:
    assert Threshold(low=1).origin is Origin.OURS
    assert [t.direction for t in (Threshold(low=1), Threshold(high=1), Threshold(0, 1))] == [
        1,
        -1,
        0,
    ]


@pytest.mark.parametrize(
    ("table", "units", "sampled", "asks"),
    [
        ("scores", "questions", True, True),
        ("spectrum", "modules", False, False),
        ("dynamics", "modules", False, True),
    ],
)
def test_a_claim_needs_its_points_and_what_they_are_compared_with(
    table: Table, units: str, sampled: bool, asks: bool
) -> None:
    claim = Claim(
        id="X",
        title="",
        text="",
        paper_ref=PaperRef("", ""),
        statistic=lambda a, _: a[BASE],
        threshold=Threshold(low=0),
        formula="",
        statistic_label="",
        printed=Printed("", {}),
        curve=Curve(
            "x",
            lambda steps: [
                Point("Base", BASE),
                *(Point(f"{s}", rank(1, step=s), s, reference=full_at(s)) for s in steps),
            ],
            x_label="",
        ),
        table=table,
    )
    assert set(claim.variants([5])) == {BASE, FULL, rank(1, step=5), full_at(5)}
    assert set(claim.variants([])) == {BASE, FULL}
    assert (claim.units, claim.sampled, claim.needs_generation) == (units, sampled, asks)
    assert claim.of_a_sample == (units == "questions")
    assert np.isinf(claim.threshold.high)
