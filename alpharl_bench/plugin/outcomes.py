"""Verdicts as outcomes of tests: supported passes, refuted fails, the open ones are neither."""

from collections.abc import Generator

import pytest

from alpharl_bench.claims import Claim, Learning, Outcome, Verdict
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.formatting import one_line
from alpharl_bench.plugin.faults import fault_of
from alpharl_bench.plugin.items import run_of

# The keys of a test's user properties; they travel to xdist's controller and into JUnit files.
CLAIM, RUN, VERDICT, SUMMARY, SAMPLES = "claim", "run", "verdict", "summary", "samples"
#: Instead of a verdict: why there is none.
DID_NOT_LEARN = "did not learn"
#: What is added to a verdict on a kind of training that the claim is not about.
CONTRAST = "contrast"
#: What the budget is not enough for: the claim as a whole, or a further analysis of it.
LEFT = "left"


# pytest attaches these classes to its functions, which type checkers do not see.
class Refuted(pytest.fail.Exception):  # type: ignore[name-defined]
    """The interval lies wholly on the wrong side of the threshold."""


class Inconclusive(pytest.skip.Exception):  # type: ignore[name-defined]
    """The interval holds the threshold: neither a pass nor a failure."""


class NotInformative(pytest.skip.Exception):  # type: ignore[name-defined]
    """The claim holds, and its null may as well: it says nothing about the run."""


class OnlyMeasured(pytest.skip.Exception):  # type: ignore[name-defined]
    """A number without a verdict: a fact of one run, or one that fails by a line of ours."""


class NotAfforded(pytest.skip.Exception):  # type: ignore[name-defined]
    """The budget is not enough for the claim."""


class Unsettled(pytest.skip.Exception):  # type: ignore[name-defined]
    """No arithmetic on what the paper prints says whether a sentence holds."""


class DidNotLearn(pytest.skip.Exception):  # type: ignore[name-defined]
    """The run did not learn: there is nothing that a claim could be about."""


#: What is told in a line, as it is neither a pass nor a failure.
_OPEN = Inconclusive | NotInformative | OnlyMeasured | DidNotLearn | NotAfforded | Unsettled


def note_did_not_learn(item: pytest.Item, run: str, learning: Learning) -> None:
    """Attach to a test why no claim is judged on its run, and skip it.

    Raises:
        DidNotLearn: always.
    """
    reason = f"{run} did not learn: {learning}; no claim is judged on it"
    item.user_properties += [(RUN, run), (DID_NOT_LEARN, reason)]
    raise DidNotLearn(reason)


def note_left(item: pytest.Item, claim: Claim, run: str, why: str) -> None:
    """Attach to a test that the budget is not enough for all of its claim."""
    item.user_properties.append((LEFT, f"{claim.id} on {run} {why}"))


def note(item: pytest.Item, verdict: Verdict) -> None:
    """Attach a verdict to the test that asked for it."""
    item.user_properties += [
        (CLAIM, verdict.claim.qualified_id),
        (RUN, verdict.run),
        (VERDICT, str(verdict.outcome)),
        (SUMMARY, str(verdict)),
        (SAMPLES, verdict.samples),
        *([(CONTRAST, verdict.kind)] if verdict.contrast else []),
    ]


def check(verdict: Verdict) -> None:
    """Return if the claim is supported, or refuted on a run that it is not about.

    Raises:
        Refuted: the test fails, or is an expected failure where the registry knows of it.
        Inconclusive: the test is listed as inconclusive and does not count as support.
        NotInformative: nor does one whose null may hold too.
        OnlyMeasured: nor does a number that decides nothing.
    """
    match verdict.outcome:
        case Outcome.REFUTED if not verdict.contrast:
            raise Refuted(str(verdict), pytrace=False)
        case Outcome.INCONCLUSIVE:
            raise Inconclusive(str(verdict))
        case Outcome.NOT_INFORMATIVE:
            raise NotInformative(str(verdict))
        case Outcome.MEASURED:
            raise OnlyMeasured(str(verdict))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Print a user's mistake, or why a verdict is open, as one line without a traceback."""
    report = yield
    value = call.excinfo.value if call.excinfo is not None else None
    judges = run_of(item) is not None
    # Of other tests an error of the system is their author's to see whole.
    known = isinstance(value, AlphaRLBenchError) or judges
    if value is not None and known and (line := fault_of(value)):
        report.longrepr = f"{item.name}: {line}"
    elif isinstance(value, _OPEN):
        report.longrepr = (str(item.path), item.location[1] or 0, one_line(value))
    return report


def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport,
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Show an inconclusive verdict, and one that is a contrast, under names of their own."""
    if not isinstance(report, pytest.TestReport) or report.when != "call":
        return None
    properties = dict(report.user_properties)
    letters = {
        str(Outcome.INCONCLUSIVE): "?",
        str(Outcome.NOT_INFORMATIVE): "n",
        str(Outcome.MEASURED): "m",
    }
    verdict = str(properties.get(VERDICT))
    if report.skipped and verdict in letters:
        return verdict, letters[verdict], (verdict.upper(), {"yellow": True})
    if report.passed and CONTRAST in properties:
        word = f"{str(properties[VERDICT]).upper()} FOR CONTRAST"
        return "for contrast", "c", (word, {"cyan": True})
    return None
