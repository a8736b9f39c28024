"""The claims of Property 1: complete as data, their statistics worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpharl_bench.claims import Claim, extreme
from alpharl_bench.papers.arxiv_2510_00553.claims import (
    ALPHARL,
    BEHAVIOUR,
    CLAIMS,
    POLICY,
    PROPERTY1,
    PROPERTY2,
)
from alpharl_bench.papers.arxiv_2510_00553.claims.property1 import (
    ALPHAS,
    CONTROL_DRAWS,
    PERCENTS,
    RANKS,
    SUBSPACES,
    control_accuracy,
    late_minus_early,
    peak_over_others,
    slope,
)
from alpharl_bench.variants import (
    BASE,
    FULL,
    full_at,
    percent,
    random_control,
    rank,
    subspace,
)

STEPS = (10, 20, 30, 40)
BY_PREFIX = (
    ("P1.", PROPERTY1),
    ("B", BEHAVIOUR),
    ("P2.", PROPERTY2),
    ("A", ALPHARL),
    ("P1.", POLICY),
    ("A", POLICY),
)
SCORED = [claim for claim in PROPERTY1 if claim.needs_generation]


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


def statistic(claim: str, means: dict) -> float:
    found = CLAIMS[claim]
    values = found.statistic({v: column(a) for v, a in means.items()}, STEPS)
    (value,) = extreme(values, found.extremes)
    return float(value)


def test_every_claim_has_an_id_of_its_own_and_says_where_it_stands() -> None:
    assert len(CLAIMS) == sum(map(len, (PROPERTY1, BEHAVIOUR, PROPERTY2, ALPHARL, POLICY)))
    for name, claim in CLAIMS.items():
        assert name == claim.id
        assert any(claim in claims and claim.id.startswith(prefix) for prefix, claims in BY_PREFIX)
        for text in (
            claim.title,
            claim.text,
            claim.paper_ref.place,
            claim.statistic_label,
            claim.printed.statistic,
        ):
            assert text.strip()


@pytest.mark.parametrize("claim", PROPERTY1, ids=lambda claim: claim.id)
def test_every_threshold_can_be_missed(claim: Claim) -> None:
    assert claim.threshold.fails(1e9, 1e9) or claim.threshold.fails(-1e9, -1e9)
    assert claim.threshold.low < claim.threshold.high


@pytest.mark.parametrize("claim", SCORED, ids=lambda claim: claim.id)
def test_every_curve_has_the_references_and_the_control(claim: Claim) -> None:
    points = claim.curve.points(STEPS)
    variants = {point.variant for point in points}
    assert {BASE, FULL, *map(random_control, CONTROL_DRAWS)} < variants
    assert len({point.name for point in points}) == len(points)
    assert claim.printed.points.keys() <= {point.name for point in points}


@pytest.mark.parametrize("claim", SCORED, ids=lambda claim: claim.id)
def test_a_statistic_reads_no_variant_that_its_curve_does_not_score(claim: Claim) -> None:
    means = {variant: np.array([0.5, 0.25, 0.75]) for variant in claim.variants(STEPS)}
    means[BASE] = np.array([0.1, 0.1, 0.2])
    value = claim.statistic(means, STEPS)
    assert value.ndim == 1 + len(claim.extremes)
    assert value.shape[-1] == 3
    assert np.isfinite(value).all()


@given(
    st.lists(st.integers(-100, 100), min_size=2, max_size=8, unique=True),
    st.integers(1, 4),
    st.integers(0, 2**32),
)
@settings(deadline=None)
def test_the_slope_is_that_of_a_least_squares_line(x: list[int], count: int, seed: int) -> None:
    curves = np.random.default_rng(seed).standard_normal((len(x), count))
    expected = np.polyfit(x, curves, 1)[0]
    np.testing.assert_allclose(slope(x, list(curves)), expected, rtol=1e-6, atol=1e-9)


def test_the_slope_by_hand() -> None:
    # Through (0, 1), (1, 3), (2, 5) goes 2 x + 1; (0, 0), (1, 3), (2, 0) has no trend.
    curves = [column(1, 0), column(3, 3), column(5, 0)]
    np.testing.assert_allclose(slope([0, 1, 2], curves), [2, 0], atol=1e-12)


def test_late_minus_early_by_hand() -> None:
    # Rank-1 over its own checkpoint: 0.2/0.4, 0.3/0.5, 0.6/0.6 and 0.7/0.8.
    pairs = ((10, 0.2, 0.4), (20, 0.3, 0.5), (30, 0.6, 0.6), (40, 0.7, 0.8))
    means = {rank(1, step=s): column(r) for s, r, _ in pairs}
    means |= {full_at(s): column(f) for s, _, f in pairs}
    # (1 + 0.875)/2 - (0.5 + 0.6)/2 = 0.9375 - 0.55
    np.testing.assert_allclose(late_minus_early(means, STEPS), [0.3875])
    # Of three checkpoints the middle one is late: (0.6 + 1)/2 - 0.5.
    np.testing.assert_allclose(late_minus_early(means, STEPS[:3]), [0.3])


@pytest.mark.parametrize(
    ("accuracies", "ahead"),
    [
        ((0.1, 0.2, 0.3, 0.4, 0.3, 0.2), 0.1),
        ((0.1, 0.2, 0.5, 0.4, 0.3, 0.2), 0.2),
        ((0.1, 0.2, 0.3, 0.4, 0.5, 0.6), -0.2),
        ((0.1, 0.2, 0.6, 0.4, 0.6, 0.6), 0),
        ((0.3,) * 6, 0),
    ],
)
def test_the_peak_by_hand(accuracies: tuple[float, ...], ahead: float) -> None:
    assert ALPHAS == (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
    means = {rank(1, alpha=a): y for a, y in zip(ALPHAS, accuracies, strict=True)}
    assert statistic("P1.5-peak", means | {FULL: 0.5}) == pytest.approx(ahead / 0.5)
    columns = {v: column(y) for v, y in means.items()}
    assert peak_over_others(columns | {FULL: column(1)}).shape == (4, 2, 1)


def test_the_control_is_the_mean_of_its_draws() -> None:
    # (0.2 + 0.3 + 0.4)/3 over 0.6, and for another resample (0.1 + 0.1 + 0.4)/3 over 0.8.
    means = {random_control(0): column(0.2, 0.1), random_control(1): column(0.3, 0.1)}
    means |= {random_control(2): column(0.4, 0.4), FULL: column(0.6, 0.8)}
    np.testing.assert_allclose(control_accuracy(means), [0.5, 0.25])


def test_the_other_statistics_by_hand() -> None:
    assert statistic("P1.1", {FULL: 0.8, rank(1): 0.6}) == pytest.approx(0.75)

    # A line that falls from 0.9 to 0.45 falls by 0.5 in accuracy relative to 0.9.
    fall = np.linspace(0.9, 0.45, len(PERCENTS))
    means = {FULL: 0.9, **{percent(p): y for p, y in zip(PERCENTS, fall, strict=True)}}
    assert statistic("P1.2-percent", means) == pytest.approx(-0.5)

    # 0.4, 0.5, 0.6, 0.7 rise by 0.3 from Rank-1 to Rank-8, even steps in log₂ k; 0.3/0.6 = 0.5.
    assert RANKS == (1, 2, 4, 8)
    means = {FULL: 0.6, rank(1): 0.4, rank(2): 0.5, rank(4): 0.6, rank(8): 0.7}
    assert statistic("P1.2-rank", means) == pytest.approx(0.5)

    # The best other subspace has 0.5: (0.6 - 0.5)/0.8.
    accuracies = dict(zip(SUBSPACES, (0.6, 0.3, 0.5, 0.2, 0.4), strict=True))
    means = {FULL: 0.8, **{subspace(i): y for i, y in accuracies.items()}}
    assert statistic("P1.4-best", means) == pytest.approx(0.125)

    # 0.1 less per doubling of the index, of 0.8.
    means = {FULL: 0.8, **{subspace(i): 0.7 - 0.1 * np.log2(i) for i in SUBSPACES}}
    assert statistic("P1.4-order", means) == pytest.approx(-0.125)

    # Gains of 0.3 up to α = 1 and 0.1 beyond it, of 0.8: 0.2/0.8.
    means = {FULL: 0.8, rank(1, alpha=0.5): 0.4, rank(1): 0.7, rank(1, alpha=1.5): 0.8}
    assert statistic("P1.5-saturation", means) == pytest.approx(0.25)

    spectrum = {"rank1_fraction": 0.6, "noise_rank1_fraction": 0.2}
    assert statistic("P1.6", spectrum) == pytest.approx(3)


def test_claim_and_control_cannot_both_hold_for_the_same_accuracy() -> None:
    claim, control = CLAIMS["P1.1"].threshold, CLAIMS["P1.1-control"].threshold
    assert claim.low == control.high == 0.99
    assert all(claim.holds(x, x) == control.fails(x, x) for x in (0.5, 0.98, 1.0, 1.2))
