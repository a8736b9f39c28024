"""Verdicts as outcomes of tests: supported passes, refuted fails, inconclusive is a third one."""

from collections.abc import Generator

import pytest

from alpharl_bench.claims import Outcome, Verdict
from alpharl_bench.errors import AlphaRLBenchError

# The keys of a test's user properties; they travel to xdist's controller and into JUnit files.
CLAIM, RUN, VERDICT, SUMMARY, SAMPLES = "claim", "run", "verdict", "summary", "samples"


# pytest attaches these classes to its functions, which type checkers do not see.
class Refuted(pytest.fail.Exception):  # type: ignore[name-defined]
    """The interval lies wholly on the wrong side of the threshold."""


class Inconclusive(pytest.skip.Exception):  # type: ignore[name-defined]
    """The interval holds the threshold: neither a pass nor a failure."""


def note(item: pytest.Item, verdict: Verdict) -> None:
    """Attach a verdict to the test that asked for it."""
    item.user_properties += [
        (CLAIM, verdict.claim.id),
        (RUN, verdict.run),
        (VERDICT, str(verdict.outcome)),
        (SUMMARY, str(verdict)),
        (SAMPLES, verdict.samples),
    ]


def check(verdict: Verdict) -> None:
    """Return if the claim is supported.

    Raises:
        Refuted: the test fails, or is an expected failure where the registry knows of it.
        Inconclusive: the test is listed as inconclusive and does not count as support.
    """
    match verdict.outcome:
        case Outcome.REFUTED:
            raise Refuted(str(verdict), pytrace=False)
        case Outcome.INCONCLUSIVE:
            raise Inconclusive(str(verdict))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Print a user's mistake, or why a verdict is open, as one line without a traceback."""
    report = yield
    value = call.excinfo.value if call.excinfo is not None else None
    if isinstance(value, AlphaRLBenchError):
        report.longrepr = f"{item.name}: {value}"
    elif isinstance(value, Inconclusive):
        report.longrepr = (str(item.path), item.location[1] or 0, str(value))
    return report


def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport,
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Show an inconclusive verdict under its own name."""
    if (
        isinstance(report, pytest.TestReport)
        and report.when == "call"
        and report.skipped
        and dict(report.user_properties).get(VERDICT) == Outcome.INCONCLUSIVE
    ):
        return "inconclusive", "?", ("INCONCLUSIVE", {"yellow": True})
    return None
