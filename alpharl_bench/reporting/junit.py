"""``junit.xml``: every claim on every run as a case, as pytest counts them, for CI to show."""

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite
from junitparser.junitparser import FinalResult

from alpharl_bench.claims import Outcome, Verdict
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.text import printable


def junit(judged: Judged) -> str:
    """The file's text.

    A refutation is a failure, or skipped where the registry expects it; so is an open verdict, with
    its numbers. A run without verdicts did not learn: one skipped case.
    """
    xml = JUnitXml("alpharl-bench")
    for claim in judged.claims:
        by_run = judged.verdicts[claim.qualified_id]
        suite = TestSuite(printable(f"{judged.name(claim)} {claim.title}"))
        suite.timestamp = judged.session.date
        suite.add_testcases([_case(judged, verdict) for verdict in by_run.values()])
        xml.add_testsuite(suite)
    unjudged = [run for run, record in judged.session.runs.items() if not record.claims]
    if unjudged:
        suite = TestSuite("runs that did not learn")
        for run in unjudged:
            case = TestCase(printable(run), "did not learn")
            case.result = [Skipped("the run did not learn: no claim is judged on it")]
            suite.add_testcase(case)
        xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]  # junitparser has no types
    text: str = xml.tostring().decode()  # type: ignore[no-untyped-call]  # as above
    return text


def _case(judged: Judged, verdict: Verdict) -> TestCase:
    case = TestCase(printable(verdict.run), judged.name(verdict.claim))
    case.system_out = printable(verdict)
    case.result = _result(judged, verdict)
    return case


def _result(judged: Judged, verdict: Verdict) -> list[FinalResult]:
    told, known = printable(verdict), judged.known(verdict)
    match verdict.outcome:
        case Outcome.REFUTED if not verdict.contrast:
            reason = judged.session.runs[verdict.run].expect.get(verdict.claim.qualified_id)
            if known and reason:
                return [Skipped(f"known: {printable(reason.reason)}; {told}")]
            return [Failure(told, "refuted")]
        case Outcome.SUPPORTED if known and not verdict.contrast:
            return [Failure(f"the registry expects it to be refuted; {told}", "supported")]
        case Outcome.INCONCLUSIVE | Outcome.NOT_INFORMATIVE | Outcome.MEASURED:
            return [Skipped(told, str(verdict.outcome))]
    return []
