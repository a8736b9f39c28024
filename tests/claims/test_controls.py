"""Controls beside a run: by rank, by Student's t, paired, and of facts; all worked by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from alpharl_bench.claims import Claim, Control, Fact, Null, Threshold
from alpharl_bench.claims.controls import controls
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS

NULL = Null("null", lambda m, _: m["null"])
CEILING = Null("ceiling", lambda m, _: m["ceiling"])


def comparing(
    nulls: Sequence[Null] = (NULL,), ceilings: Sequence[Null] = (), *, less: bool = False
) -> Claim:
    """A claim about ``run``: more of it is better, or less."""
    threshold = Threshold(high=0) if less else Threshold(low=0)
    return replace(
        CLAIMS["P1.1"],
        statistic=lambda m, _: m["run"],
        threshold=threshold,
        nulls=tuple(nulls),
        ceilings=tuple(ceilings),
    )


def beside(
    claim: Claim,
    run: float,
    resampled: Mapping[str, np.ndarray] | None = None,
    df: float = 0,
    **drawn: Sequence[float],
) -> Mapping[str, Control]:
    """The controls of a run, from what was drawn of each."""
    columns = {name: np.array(of, dtype=float)[:, None] for name, of in drawn.items()}
    single = {name: of[0] if len(of) == 1 else of for name, of in columns.items()}
    observed = {"run": np.array([run]), **single}
    return controls(claim, (), observed, resampled, df, 0.05)


# (1 + draws as good as the run) / (1 + draws) is at most 2.5 %.
@pytest.mark.parametrize(
    ("draws", "as_good", "told"),
    [
        (39, 0, True),
        (39, 1, False),
        (78, 0, True),
        (79, 1, True),
        (79, 2, False),
        (99, 0, True),
        (99, 1, True),
        (99, 2, False),
        (119, 2, True),
        (119, 3, False),
    ],
)
@pytest.mark.parametrize("less", [False, True])
def test_a_rank_among_many_draws(draws: int, as_good: int, told: bool, *, less: bool) -> None:
    # The draws are 1, 2, …, and a run as good as the best of them ties with it.
    run = draws - as_good + (1 if as_good else 0.5)
    sign = -1 if less else 1
    found = beside(comparing(less=less), sign * run, null=sign * np.arange(1, draws + 1))
    assert found["null"].alike != told


def test_the_interval_of_many_draws_is_where_they_lie() -> None:
    # Of 0, 1, …, 100 2.5 % lie below 2.5.
    for less in (False, True):
        value = beside(comparing(less=less), 0, null=np.arange(101))["null"].value
        assert (value.estimate, value.low, value.high) == pytest.approx((50, 2.5, 97.5))


@pytest.mark.parametrize("less", [False, True])
def test_few_draws_by_students_t(*, less: bool) -> None:
    # 1, 2, 3, 4: mean 2.5, s = √(5/3) = 1.290994, of one more draw s √(1 + ¼) = 1.443376;
    # t(0.025; 3) = 3.182446. So 2.5 ± 4.593464.
    sign = -1 if less else 1
    draws = [sign * draw for draw in (1, 2, 3, 4)]
    claim = comparing(less=less)
    found = beside(claim, sign * 7.10, null=draws)["null"]
    ends = sorted(sign * end for end in (2.5 - 4.593464, 2.5 + 4.593464))
    assert (found.value.low, found.value.high) == pytest.approx(tuple(ends), rel=1e-6)
    assert found.value.estimate == pytest.approx(sign * 2.5)
    assert not found.alike
    assert beside(claim, sign * 7.09, null=draws)["null"].alike
    # On the other side of it nothing is told, however far.
    assert beside(claim, -sign * 100, null=draws)["null"].alike


def test_slopes_and_their_mirror_images_have_mean_zero() -> None:
    slopes = np.array([0.1, -0.3, 0.2, 0.05])
    draws = np.concatenate([slopes, -slopes])
    found = beside(comparing(less=True), -0.5, null=draws)["null"]
    # 2 · Σ s² / 7 · (1 + 1/8), Σ s² = 0.1425, and t(0.025; 7) = 2.364624.
    reach = 2.364624 * np.sqrt(2 * 0.1425 / 7 * 9 / 8)
    assert found.value.estimate == pytest.approx(0)
    assert (found.value.low, found.value.high) == pytest.approx((-reach, reach), rel=1e-6)
    assert found.alike == (reach > 0.5)


def test_draws_of_an_older_session_tell_nothing() -> None:
    # It kept the mean of the draws alone.
    found = beside(comparing(), 100, null=[0.9, np.nan])["null"]
    assert found.alike
    assert (found.value.estimate, found.value.low, found.value.high) == (0.9, -np.inf, np.inf)
    assert str(found.value) == "0.900 [no interval]"


@pytest.mark.parametrize("less", [False, True])
def test_facts_are_compared_as_they_are(*, less: bool) -> None:
    sign = -1 if less else 1
    claim = comparing((NULL,), (CEILING,), less=less)

    def alike(run: float) -> list[bool]:
        found = beside(claim, sign * run, null=[sign * 1.0], ceiling=[sign * 3.0])
        assert [type(one.value) for one in found.values()] == [Fact, Fact]
        assert [one.ceiling for one in found.values()] == [False, True]
        assert [one.value.estimate for one in found.values()] == [sign * 1, sign * 3]
        return [found["null"].alike, found["ceiling"].alike]

    assert alike(2) == [False, False]
    assert alike(1) == [True, False]
    assert alike(0.5) == [True, False]
    assert alike(3) == [False, True]
    assert alike(4) == [False, True]


@pytest.mark.parametrize("less", [False, True])
def test_a_difference_is_paired(*, less: bool) -> None:
    # Both go up and down together, by far more than what is between them.
    rng, sign = np.random.default_rng(0), -1 if less else 1
    together = rng.normal(0, 1, 4000)
    ahead = 0.1 + rng.normal(0, 0.04, 4000)
    resampled = {"null": sign * together, "run": sign * (together + ahead)}
    claim = comparing(less=less)
    found = beside(claim, sign * 0.1, resampled, df=200, null=[0.0])["null"]
    assert not found.alike
    # The control's own interval is that of what was resampled of it: ± t(0.025; 200).
    reach = stats.t.isf(0.025, 200)
    assert (found.value.low, found.value.high) == pytest.approx((-reach, reach), abs=0.15)
    # By half as much it is not told: 0.05 / 0.04 = 1.25 standard errors.
    resampled["run"] = resampled["run"] - sign * 0.05
    assert beside(claim, sign * 0.05, resampled, df=200, null=[0.0])["null"].alike


def test_a_ceiling_is_compared_in_the_other_direction() -> None:
    rng = np.random.default_rng(0)
    resampled = {"run": rng.normal(0, 0.1, 4000), "ceiling": rng.normal(1, 0.1, 4000)}
    claim = comparing((), (CEILING,))
    assert not beside(claim, 0, resampled, df=200, ceiling=[1.0])["ceiling"].alike
    resampled["run"] = resampled["run"] + 2
    assert beside(claim, 2, resampled, df=200, ceiling=[1.0])["ceiling"].alike
    # So are draws: the run has to lie below all but 2.5 % of them.
    draws = np.arange(1.0, 100.0)
    assert not beside(claim, 0, ceiling=draws)["ceiling"].alike
    assert beside(claim, 50, ceiling=draws)["ceiling"].alike
    assert beside(claim, 1000, ceiling=draws)["ceiling"].alike


def test_a_lower_error_takes_more() -> None:
    # The best of 79 draws has a p-value of 1/80 on one side, which is 2.5 % on both.
    observed = {"run": np.array([80.0]), "null": np.arange(1.0, 80.0)[:, None]}
    told = {
        error: not controls(comparing(), (), observed, None, 0, error)["null"].alike
        for error in (0.05, 0.025, 0.024)
    }
    assert told == {0.05: True, 0.025: True, 0.024: False}


def test_what_is_taken_of_several_numbers_is_taken_of_the_control_too() -> None:
    claim = replace(comparing(), extremes=("least",))
    observed = {"run": np.array([[2.0], [5.0]]), "null": np.array([[4.0], [1.0]])}
    found = controls(claim, (), observed, None, 0, 0.05)["null"]
    # The least of 2 and 5 beside the least of 4 and 1.
    assert (found.value.estimate, found.alike) == (1, False)


def test_a_claim_without_controls_has_none() -> None:
    assert beside(comparing(()), 0) == {}
