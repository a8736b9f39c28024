"""Property 2: the statistics by hand, and what nulls make of verdicts."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from pydantic import TypeAdapter

from alpharl_bench.claims import Evidence, Outcome, judge
from alpharl_bench.dynamics import NULLS, ModuleDynamics
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS, PROPERTY2
from alpharl_bench.papers.arxiv_2510_00553.claims.property2 import (
    LINEAR,
    SHUFFLES,
    SMALL_ERROR,
    window_slope,
)
from alpharl_bench.variants import window
from tests.evidence import planted
from tests.scores import score_of

STEPS = (10, 20, 30)


def module(
    r_squared: float,
    null: float | Sequence[float] = 0.3,
    *,
    block: str = "MLP",
    depth: float = 0.0,
    error: float = 1,
    straight: float = 1,
    accuracy_errors: tuple[float, float, float] = (0, 0, 0),
) -> ModuleDynamics:
    methods = ("PLS at the step", "last checkpoint", "accuracies alone")
    return ModuleDynamics(
        module=f"{block} {depth} {r_squared}",
        block=block,
        kind="up",
        depth=depth,
        r_squared=r_squared,
        null_r_squared={name: list(np.broadcast_to(null, DRAWS)) for name in NULLS},
        straight_r_squared=straight,
        alignment=1.0,
        turned=0.0,
        error={"PLS at the accuracy": error, "last checkpoint": 0.5},
        cosine={},
        norm_ratio={},
        accuracy_error=dict(zip(methods, accuracy_errors, strict=True)),
        others={},
        others_of_walk={},
    )


def evidence(modules: Sequence[ModuleDynamics]) -> Evidence:
    """Of a run that learned all of ten questions."""
    scores = {
        variant: score_of(variant, {"chain": {f"q{i}": mark * 4 for i in range(10)}})
        for variant, mark in (("base", "0"), ("full", "1"))
    }
    return planted("mine", STEPS, scores, dynamics=modules)


def statistic(claim: str, modules: Sequence[ModuleDynamics]) -> float:
    found = CLAIMS[claim]
    (value,) = found.statistic(evidence(modules).observed(found), STEPS)
    return float(value)


#: Of every null, as they are drawn of a run.
DRAWS = 99


FOUR = [
    module(0.99, block="MLP", depth=0.0),
    module(0.97, block="MLP", depth=0.5),
    module(0.80, block="attention", depth=0.0),
    module(0.90, block="attention", depth=0.5),
]


def test_the_statistics_by_hand() -> None:
    assert statistic("P2.1", FOUR) == pytest.approx((0.99 + 0.97 + 0.80 + 0.90) / 4)
    assert statistic("P2.1-best", FOUR) == 0.5
    assert statistic("P2.2-block", FOUR) == pytest.approx(0.98 - 0.85)
    line = np.polyfit([0, 0.5, 0, 0.5], [0.99, 0.97, 0.80, 0.90], 1)
    assert statistic("P2.2-depth", FOUR) == pytest.approx(line[0])
    assert statistic("P2.4", [module(0.9, error=e) for e in (0.02, 0.06)]) == pytest.approx(0.04)


@pytest.mark.parametrize("claim", ["P2.1", "P2.1-best", "P2.2-block", "P2.2-depth"])
def test_a_null_is_the_same_statistic_of_its_own_figures(claim: str) -> None:
    swapped = [
        module(m.null_r_squared["noise"][0], m.r_squared, block=m.block, depth=m.depth or 0)
        for m in FOUR
    ]
    found = CLAIMS[claim]
    assert [null.name for null in found.nulls] == list(NULLS)
    for null in found.nulls:
        values = null.statistic(evidence(swapped).observed(found), STEPS)
        assert values.shape == (DRAWS, 1)
        np.testing.assert_allclose(values, statistic(claim, FOUR))


def test_every_draw_of_a_null_is_a_mean_over_all_modules() -> None:
    first, second = np.linspace(0.1, 0.5, DRAWS), np.linspace(0.6, 0.2, DRAWS)
    found = evidence([module(0.9, first), module(0.9, second)]).observed(CLAIMS["P2.1"])
    np.testing.assert_allclose(found["noise: R²"][:, 0], (first + second) / 2)
    assert found["R²"] == pytest.approx([0.9])


@pytest.mark.parametrize(
    ("r_squared", "null", "outcome"),
    [
        (0.95, 0.4, Outcome.MEASURED),
        # Above the line too, and yet the run is told from it.
        (0.95, 0.93, Outcome.MEASURED),
        (0.95, 0.96, Outcome.NOT_INFORMATIVE),
        # Two of 99 draws are above the run: the rank is 3/100 where 2.5 % are asked.
        (0.95, [0.96] * 2 + [0.4] * 97, Outcome.NOT_INFORMATIVE),
        (0.95, [0.96] + [0.4] * 98, Outcome.MEASURED),
        (0.80, 0.4, Outcome.MEASURED),
        (0.80, 0.99, Outcome.MEASURED),
    ],
)
def test_r_squared_counts_only_where_nothing_has_as_much(
    r_squared: float, null: float | list[float], outcome: Outcome
) -> None:
    verdict = judge(CLAIMS["P2.1"], evidence([module(r_squared, null) for _ in range(8)]))
    assert verdict.outcome is outcome
    assert verdict.value is not None
    assert verdict.value.estimate == pytest.approx(r_squared)


def test_a_low_r_squared_counts_only_where_a_straight_path_has_more() -> None:
    for straight, outcome in ((0.9, Outcome.MEASURED), (0.7, Outcome.NOT_INFORMATIVE)):
        modules = [module(0.8, straight=straight) for _ in range(8)]
        assert judge(CLAIMS["P2.1"], evidence(modules)).outcome is outcome


def test_of_older_sessions_the_mean_of_the_draws_is_shown_and_tells_nothing() -> None:
    kept = TypeAdapter(ModuleDynamics).dump_python(module(0.95), mode="json")
    kept["null_r_squared"] = dict.fromkeys(NULLS, 0.3)
    old = TypeAdapter(ModuleDynamics).validate_python(kept)
    verdict = judge(CLAIMS["P2.1"], evidence([old] * 4))
    assert verdict.outcome is Outcome.NOT_INFORMATIVE
    assert str(verdict.controls["noise"].value) == "0.300 [no interval]"


def test_a_small_error_says_nothing_where_nothing_changed_any_more() -> None:
    claim = CLAIMS["P2.4"]
    close = [module(0.9, error=0.03) for _ in range(8)]
    assert judge(claim, evidence(close)).outcome is Outcome.MEASURED
    for one in close:
        one.error["last checkpoint"] = 0.02
    assert judge(claim, evidence(close)).outcome is Outcome.NOT_INFORMATIVE


@pytest.mark.parametrize(
    ("errors", "outcome"),
    [
        ((0.03, 0.20, 0.10), Outcome.MEASURED),
        ((0.03, 0.02, 0.10), Outcome.NOT_INFORMATIVE),  # nothing changed any more
        ((0.03, 0.20, 0.02), Outcome.NOT_INFORMATIVE),  # no weights were needed
        ((0.06, 0.20, 0.10), Outcome.MEASURED),
        ((0.06, 0.01, 0.01), Outcome.MEASURED),
    ],
)
def test_an_accuracy_is_forecast_only_where_nothing_simpler_does(
    errors: tuple[float, float, float], outcome: Outcome
) -> None:
    modules = [module(0.9, accuracy_errors=errors) for _ in range(8)]
    assert judge(CLAIMS["P2.4-accuracy"], evidence(modules)).outcome is outcome
    (value,) = CLAIMS["P2.4-accuracy"].statistic(
        evidence([module(0.9, accuracy_errors=(e, 1, 1)) for e in (0.02, 0.06)]).observed(
            CLAIMS["P2.4-accuracy"]
        ),
        STEPS,
    )
    assert float(value) == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("r_squared", "straight", "outcome"),
    [
        (0.7, 0.97, Outcome.MEASURED),
        (0.7, 0.65, Outcome.NOT_INFORMATIVE),
        (0.95, 0.97, Outcome.MEASURED),
    ],
)
def test_not_linear_counts_only_where_a_straight_path_is(
    r_squared: float, straight: float, outcome: Outcome
) -> None:
    modules = [module(r_squared, straight=straight) for _ in range(8)]
    found = replace(evidence(modules), kind="SFT")
    assert judge(CLAIMS["P2.5"], found).outcome is outcome


def test_accuracies_without_spread_leave_the_claim_open() -> None:
    verdict = judge(CLAIMS["P2.1"], evidence([module(float("nan")) for _ in range(8)]))
    assert verdict.outcome is Outcome.INCONCLUSIVE


def windows_evidence(by_r_squared: Sequence[int], *shuffled: Sequence[int]) -> Evidence:
    """Accuracies of the windows in tenths: a constant order where no shuffle is given."""
    orders = {None: by_r_squared, **dict.fromkeys(SHUFFLES, (5,) * 5)}
    orders |= dict(enumerate(shuffled))
    tenths = {
        window(n, shuffle=draw).label: right
        for draw, order in orders.items()
        for n, right in enumerate(order, start=1)
    }
    tenths |= {f"random-rank-1 #{draw}": 0 for draw in range(3)} | {"base": 0, "full": 10}
    # 400 questions, so that every tenth is known closely.
    scores = {
        label: score_of(
            label, {"chain": {f"q{i}": ("1" if i % 10 < right else "0") for i in range(400)}}
        )
        for label, right in tenths.items()
    }
    return planted("mine", STEPS, scores)


def test_the_slope_over_windows_by_hand() -> None:
    claim, found = CLAIMS["P2.3"], windows_evidence((8, 7, 5, 4, 1), (2, 5, 5, 5, 8))
    # Σ(x − ½)y / Σ(x − ½)² = (−0.4 − 0.175 + 0.1 + 0.05) / 0.625
    (value,) = claim.statistic(found.observed(claim), STEPS)
    assert value == pytest.approx(-0.68)
    line = np.polyfit([0, 0.25, 0.5, 0.75, 1], (0.8, 0.7, 0.5, 0.4, 0.1), 1)
    assert value == pytest.approx(line[0])
    (shuffled,) = window_slope(found.observed(claim), 0)
    assert shuffled == pytest.approx(0.48)
    # Each of four orders from both of its ends.
    slopes = claim.nulls[0].statistic(found.observed(claim), STEPS)[:, 0]
    assert slopes == pytest.approx([0.48, 0, 0, 0, -0.48, 0, 0, 0])


@pytest.mark.parametrize(
    ("by_r_squared", "shuffled", "outcome"),
    [
        ((8, 7, 5, 4, 2), (5, 5, 5, 4, 4), Outcome.SUPPORTED),
        # Three of four shuffles are flat; the spread of all, ± 0.24, is what counts.
        ((6, 6, 5, 5, 4), (9, 7, 5, 3, 1), Outcome.NOT_INFORMATIVE),
        ((2, 4, 5, 7, 8), (9, 7, 5, 3, 1), Outcome.REFUTED),
    ],
    ids=["only R² falls", "a shuffle falls faster", "R² rises"],
)
def test_a_fall_by_r_squared_counts_where_shuffles_do_not_fall_as_fast(
    by_r_squared: Sequence[int], shuffled: Sequence[int], outcome: Outcome
) -> None:
    assert judge(CLAIMS["P2.3"], windows_evidence(by_r_squared, shuffled)).outcome is outcome


def test_every_claim_about_modules_scores_base_end_and_every_checkpoint() -> None:
    for claim in filter(lambda claim: claim.units == "modules", PROPERTY2):
        labels = {variant.label for variant in claim.variants(STEPS)}
        assert {"base", "full", "full @10", "full @20", "full @30"} <= labels
    assert (LINEAR, SMALL_ERROR) == (0.9, 0.05)
