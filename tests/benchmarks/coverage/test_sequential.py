"""Several looks err as often as they may, in a short version of the simulation."""

import numpy as np
import pytest

from alpharl_bench.scoring.sequential import Analysis
from benchmarks.coverage.sequential import SCHEDULES, Sessions, simulate
from benchmarks.coverage.settings import SETTINGS
from benchmarks.coverage.ways import WAYS, naive

SESSIONS = 1000


@pytest.fixture(scope="module", params=["30 questions", "30 questions, bimodal"])
def simulated(request: pytest.FixtureRequest) -> Sessions:
    (setting,) = [s for s in SETTINGS if s.name == request.param]
    return simulate(setting, SESSIONS, resamples=5000)


@pytest.mark.parametrize("looks", SCHEDULES)
@pytest.mark.parametrize("way", WAYS)
def test_a_statistic_on_its_bound_is_rarely_decided(
    simulated: Sessions, way: str, looks: int
) -> None:
    supported, decided = simulated.false_verdicts(simulated.levels(looks, WAYS[way]))
    # Three standard errors of 1000 sessions are 2.1 %; 5000 resamples blur the level by 0.6 %.
    assert decided <= 0.05 + 0.021 + 0.006
    assert supported <= decided


def test_one_look_needs_no_correction(simulated: Sessions) -> None:
    found = {simulated.false_verdicts(simulated.levels(1, way)) for way in (*WAYS.values(), naive)}
    assert len(found) == 1


def test_uncorrected_looks_err_often(simulated: Sessions) -> None:
    assert simulated.false_verdicts(simulated.levels(8, naive))[1] > 0.10


def test_bonferroni_errs_less_than_it_may(simulated: Sessions) -> None:
    corrected, spent = (
        simulated.false_verdicts(simulated.levels(8, WAYS[way]))[1]
        for way in ("Bonferroni", "Pocock's type")
    )
    assert corrected < spent


def test_the_part_within_is_found(simulated: Sessions) -> None:
    # The first of eight looks has at least an eighth of the information, and all have all of it.
    first, *_, last = simulated.analyses[8]
    assert all(0.12 <= analysis.times[0] < 1 for analysis in first)
    assert all(len(analysis.times) == 8 and analysis.times[-1] == 1 for analysis in last)


def test_false_verdicts_by_hand() -> None:
    # Eight looks at four sessions: never, the fourth look below, the last two above.
    holds, fails = np.ones((2, 8, 4))
    fails[3, 1], holds[6:, 2], holds[7, 3] = 0.001, 0.01, 0.03
    alone = {looks: [[Analysis()] * 4] * looks for looks in (1, 4, 8)}
    sessions = Sessions(holds, fails, alone)
    assert sessions.false_verdicts(sessions.levels(8, naive)) == (0.5, 0.75)
    assert sessions.false_verdicts(sessions.levels(8, WAYS["Bonferroni"])) == (0, 0.25)
    assert sessions.false_verdicts(sessions.levels(4, WAYS["Bonferroni"])) == (0.25, 0.5)
    assert sessions.false_verdicts(sessions.levels(1, WAYS["Bonferroni"])) == (0.5, 0.5)
