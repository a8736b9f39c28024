"""What a session can tell: the power of every claim where its paper is exactly right.

    python -m benchmarks.power

By the responses of the sample report to one run. The standard error of each statistic is that of
the session. That of other numbers of questions and samples follows from its parts: between
questions, and within them.
"""

import math
from pathlib import Path
from typing import Annotated

import numpy as np
import scipy
import typer
from tabulate import tabulate

from alpharl_bench.claims import Claim, Evidence, Threshold, extreme, judge
from alpharl_bench.claims.papers import load_claims
from alpharl_bench.claims.power import POWER, power
from alpharl_bench.reporting import load_session
from alpharl_bench.scoring import CONFIDENCE, degrees_of_freedom

SAMPLE = Path(__file__).parents[1] / "reports" / "sample"
#: The questions of a session of the nano lane, and the samples of each: at its first analysis, and
#: at its last.
SIZES = ((360, 2), (360, 8))


def within(claim: Claim, evidence: Evidence) -> float:
    """The part of the variance of a claim's statistic that more samples remove."""
    whole, inside = (
        extreme(claim.statistic(means, evidence.steps), claim.extremes).var()
        for means in (evidence.resampled(claim), evidence.resampled_within(claim))
    )
    return float(np.clip(inside / whole, 0, 1))


def row(claim: Claim, evidence: Evidence) -> list[str] | None:
    """A claim's line, precision and power, None where there is no number on this run."""
    verdict = judge(claim, evidence)
    if verdict.value is None or verdict.alone:
        return None
    df = degrees_of_freedom(evidence.strata(claim))
    reach = scipy.stats.t.isf((1 - CONFIDENCE) / 2, df)
    error = (verdict.value.high - verdict.value.low) / 2 / reach
    share = within(claim, evidence) if claim.sampled else 0.0
    errors = [
        error
        * math.sqrt(
            evidence.size(claim)
            / questions
            * (1 - share + (share * evidence.samples / samples if share else 0))
        )
        for questions, samples in SIZES
    ]
    told = [f"{e * (reach + scipy.stats.t.ppf(POWER, df)):.3f}" for e in errors]
    lines = [claim.threshold, *([claim.practical] if claim.practical else [])]
    powers = [" / ".join(_power(claim, line, e, df) for line in lines) for e in errors]
    return [claim.id, " / ".join(map(str, lines)), *told, *powers]


def _power(claim: Claim, line: Threshold, error: float, df: float) -> str:
    if claim.printed.value is None:
        return "–"
    bound = line.low if line.direction > 0 else line.high
    return f"{power(line.direction * (claim.printed.value - bound), error, df):.0%}"


def table(folder: Path = SAMPLE, run: str = "qwen3-carry-grpo") -> str:
    """A row per claim that was judged on a run by questions."""
    session = load_session(folder)
    judged = [load_claims()[claim] for claim in session.runs[run].claims]
    found = (row(claim, session.evidence(run, claim.qualified_id)) for claim in judged)
    rows = [one for one in found if one]
    sizes = [f"{questions} × {samples}" for questions, samples in SIZES]
    headers = ["claim", "line", *(f"told with 80 %: {size}" for size in sizes)]
    headers += [f"power at the paper's number: {size}" for size in sizes]
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def main(
    folder: Annotated[Path, typer.Option(help="A report folder.")] = SAMPLE,
    run: Annotated[str, typer.Option(help="One of its runs.")] = "qwen3-carry-grpo",
) -> None:
    """Print the table."""
    typer.echo(table(folder, run))


if __name__ == "__main__":
    typer.run(main)
