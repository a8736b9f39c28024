"""Intervals cover and verdicts err as often as they say, in a short version of the simulation."""

import numpy as np
import pytest

from benchmarks.coverage import BIMODAL, EVEN, SETTINGS, Sessions, Setting, simulate

SESSIONS = 1000


@pytest.fixture(scope="module", params=["30 questions", "30 questions, bimodal"])
def simulated(request: pytest.FixtureRequest) -> Sessions:
    (setting,) = [s for s in SETTINGS if s.name == request.param]
    return simulate(setting, SESSIONS, resamples=5000)


def test_the_closed_form_is_the_mean_of_what_is_drawn() -> None:
    setting = Setting("two", (20_000, 10_000), (EVEN, BIMODAL))
    drawn = setting.chances(np.random.default_rng(0))
    means = [(c[:20_000].mean() + c[20_000:].mean()) / 2 for c in drawn]
    np.testing.assert_allclose(means, setting.accuracies, atol=0.01)
    assert setting.accuracies[2] / setting.accuracies[1] == pytest.approx(0.99)


def test_thirty_questions_are_covered(simulated: Sessions) -> None:
    # Three standard errors of 1000 sessions are 2.1 %.
    for share in simulated.covered.values():
        assert share == pytest.approx(0.95, abs=0.02 + 0.007)


@pytest.mark.parametrize("looks", [1, 4, 8])
def test_a_statistic_on_its_bound_is_rarely_decided(simulated: Sessions, looks: int) -> None:
    supported, decided = simulated.false_verdicts(looks, factor=looks)
    assert supported <= 0.05
    assert decided <= 0.05 + 0.021


def test_uncorrected_looks_err_often(simulated: Sessions) -> None:
    assert simulated.false_verdicts(8, factor=1)[1] > 0.10


def test_false_verdicts_by_hand() -> None:
    # Eight looks at four sessions: never, the fourth look below, the last two above.
    p = np.ones((8, 4))
    p[3, 1], p[6:, 2], p[7, 3] = 0.001, 0.01, 0.03
    above = np.full((8, 4), fill_value=True)
    above[3, 1] = False
    sessions = Sessions({}, p, above)
    assert sessions.false_verdicts(8, factor=1) == (0.5, 0.75)
    assert sessions.false_verdicts(8, factor=8) == (0, 0.25)
    assert sessions.false_verdicts(4, factor=4) == (0.25, 0.5)
    assert sessions.false_verdicts(1, factor=1) == (0.5, 0.5)
