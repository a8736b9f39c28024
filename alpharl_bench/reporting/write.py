"""All that a report folder holds, made from the session and the scores that are stored in it."""

from pathlib import Path

from alpharl_bench.cache import write_whole
from alpharl_bench.errors import AlphaRLBenchError, reason_of
from alpharl_bench.invocation import session_command
from alpharl_bench.reporting import dynamics, html, markdown
from alpharl_bench.reporting.figures import draw_trajectories
from alpharl_bench.reporting.gains_figure import draw_gains
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.junit import junit
from alpharl_bench.reporting.results import RESULTS, Results
from alpharl_bench.reporting.session import load_session
from alpharl_bench.reporting.storage import SESSION, stored, writing
from alpharl_bench.reporting.views import view_of


def write_report(folder: Path) -> Path:
    """Make ``report.md``, ``report.html``, ``results.json``, ``junit.xml`` and the figures.

    Returns:
        The path of ``report.md``.

    Raises:
        AlphaRLBenchError: there is no session, a score is missing, its parts do not fit together,
            or a file cannot be written.
    """
    session = load_session(folder)
    try:
        return _written(Judged.of(session), folder)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise AlphaRLBenchError(
            f"{stored(folder, SESSION)}: its parts do not fit together ({type(error).__name__}: "
            f"{reason_of(error)}); judge the runs again by `{session_command()} --report DIR`"
        ) from error


def _written(judged: Judged, folder: Path) -> Path:
    with writing(folder):
        _draw(judged, folder / "figures")
        text = markdown.report(judged)
        report = folder / "report.md"
        write_whole(report, text)
        write_whole(folder / "report.html", html.page(text, folder))
        write_whole(folder / RESULTS, Results.of(judged).model_dump_json() + "\n")
        write_whole(folder / "junit.xml", junit(judged))
    return report


def _draw(judged: Judged, folder: Path) -> None:
    """A figure for each curve, of the claim that most runs were judged by; and trajectories."""
    for name, claims in judged.curves.items():
        claim = max(claims, key=lambda claim: len(judged.of_claim(claim)))
        if runs := judged.of_claim(claim):
            evidence = [judged.session.evidence(run, claim.qualified_id) for run in runs]
            view_of(claim).draw(claim, evidence, folder / f"{name}.svg")
    if shown := {run: of for run, of in judged.gains.items() if run in judged.shown.runs}:
        draw_gains(shown, folder / "gains.svg")
    for run in judged.shown.runs:
        measured = judged.session.evidence(run)
        if dynamics.pictured(measured):
            draw_trajectories(measured, folder / dynamics.picture_name(run))
