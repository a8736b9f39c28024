"""The tables of §4: forecast methods by stage, against each other, and what was chosen."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from alpharl_bench.claims import Evidence, Point
from alpharl_bench.claims.family import adjusted
from alpharl_bench.claims.kinds import RL
from alpharl_bench.claims.measures import (
    accuracy,
    difference,
    relative_accuracy,
    remaining_gain_closed,
)
from alpharl_bench.forecast import all_methods, title_of
from alpharl_bench.forecast.method import ORACLE
from alpharl_bench.forecast.selection import TargetSelection
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.claims.alpharl import (
    ALPHARL,
    LATE,
    STAGES,
    last_observed,
    speed_up,
)
from alpharl_bench.papers.arxiv_2510_00553.claims.printed_stages import by_run
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.tables import markdown
from alpharl_bench.reporting.text import code, folded, plain
from alpharl_bench.scoring import degrees_of_freedom, p_above
from alpharl_bench.tables.scores import SCORES
from alpharl_bench.variants import BASE, FULL, Variant, forecast

_INTRODUCTION = """\
## Forecasts from the first part of the training

Relative accuracy overstates a forecast, because the checkpoint that it starts from already has \
most of it. *Remaining gain closed* = (forecast − checkpoint) / (fully trained − checkpoint): 0 \
for the checkpoint itself, 1 for the trained model, below 0 for a forecast that is worse than the \
checkpoint; – where the trained model is not clearly better than the checkpoint. *Speed-up* = the \
steps of the run to the accuracy of the forecast, over the observed steps and the evaluations \
that choosing took. What a method may choose, its target or scale, is chosen among as many \
candidates on validation questions, by the accuracies of what it predicts. *AlphaRL, oracle* is \
the paper's protocol: its target is the accuracy of the fully trained model, which no forecast \
could know."""
_PAPER = f"""\
The paper's averages over six benchmarks at {LATE} % of the training, in %. Its targets know the \
end."""
_COMPARISON = f"""\
All methods at {LATE} % of the training. *p* is that of AlphaRL against the method, adjusted over \
the baselines (Holm)."""
_OVERALL = f"""\
### Over the runs of RL above

The accuracy of each method at {LATE} % of the training minus that of the last checkpoint: the \
mean over runs and its range. Runs from one base are no independent replicates, so it has no \
interval. A run is won or lost where its own interval excludes 0."""
_CHOICES = """\
Hyperparameters are tuned on a separate split, the validation questions. The table lists the \
candidates from the smallest to the largest extrapolation, each with its accuracy on that split; \
ties select the smallest."""


def sections(session: Session) -> list[str]:
    """The section of the report, none where nothing was forecast."""
    runs = [session.evidence(run) for run in session.runs]
    found = [evidence for evidence in runs if evidence[SCORES].choices]
    if not found:
        return []
    parts = [_INTRODUCTION, "", _PAPER, "", markdown(paper()), ""]
    for evidence in found:
        parts += [f"### {plain(evidence.run)}", "", *_tables(evidence)]
    frame = overall([evidence for evidence in found if evidence.kind in RL])
    if not frame.empty:
        parts += [_OVERALL, "", markdown(frame), ""]
    return ["\n".join(parts)]


def _tables(evidence: Evidence) -> Iterator[str]:
    alone = stages(evidence, [ALPHARL])
    yield from ("By stage, accuracy in %:", "", markdown(alone), "")
    if untestable(evidence):
        yield from (untestable(evidence), "")
    frame = method_comparison(evidence)
    if not frame.empty:
        yield from (_COMPARISON, "", markdown(frame), "")
    yield from (_cost(evidence), "")
    every = stages(evidence, all_methods())
    if len(every) > len(alone):
        yield from folded("All methods by stage", [markdown(every)])
    if missing := _not_installed(evidence):
        yield from (missing, "")
    yield from folded("What was chosen", [_CHOICES, "", markdown(choices(evidence))])


def untestable(evidence: Evidence) -> str:
    """Why a run cannot test forecasts of 40 %; empty where it can."""
    remains = difference(evidence, FULL, last_observed(evidence.steps, LATE))
    if remains.low > 0:
        return ""
    return (
        f"**This run cannot test a forecast of {LATE} %**: its checkpoint there is not clearly "
        f"worse than the fully trained model, which has {remains} more."
    )


def _cost(evidence: Evidence) -> str:
    if not evidence[SCORES].evaluation:
        return "What an evaluation costs beside a step of the training is not known of this run."
    return (
        f"One evaluation of a model costs as much as {evidence[SCORES].evaluation:.2g} steps of "
        "the training, by the recipe's batch and responses of the greatest length in both."
    )


def paper() -> pd.DataFrame:
    """What the paper printed at 40 %, with the remaining gain that it closed."""
    return pd.DataFrame(
        [
            {
                "paper (7–14 B)": run,
                f"Training {LATE} %": f"{100 * last:.2f}",
                f"Training {LATE} % + AlphaRL": f"{100 * predicted:.2f}",
                "Fully trained": f"{100 * full:.2f}",
                "relative accuracy": f"{predicted / full:.3f}",
                "remaining gain closed": f"{(predicted - last) / (full - last):.3f}",
            }
            for run, (last, predicted, full) in by_run(LATE).items()
        ]
    )


def _not_installed(evidence: Evidence) -> str:
    """Which stored forecasts are by methods that this installation lacks; empty if none are."""
    scored = dict.fromkeys(choice.method for choice in evidence[SCORES].choices)
    names = [code(name) for name in scored if name not in all_methods()]
    if not names:
        return ""
    return (
        f"This session also scored forecasts by {', '.join(names)}. The distributions of these "
        "methods are not installed where this report was made, so that they are not compared here."
    )


def stages(evidence: Evidence, methods: Iterable[str]) -> pd.DataFrame:
    """Laid out as the paper's Tables 1 and 3, with what a forecast adds to its checkpoint."""
    rows = [_stage(evidence, "Base", BASE)]
    for percent in STAGES:
        last, name = last_observed(evidence.steps, percent), f"Training {percent} %"
        if last == BASE or last.label not in evidence.scores:
            continue
        rows.append(_stage(evidence, name, last))
        for method in methods:
            variant = forecast(method, percent)
            if variant.label in evidence.scores:
                row = _stage(evidence, f"{name} + {title_of(method)}", variant, last)
                sped_up = _speed_up(evidence, percent) if method == ALPHARL else ""
                rows.append(row | {"speed-up": sped_up or "–"})
    return pd.DataFrame([*rows, _stage(evidence, "Fully trained", FULL)])


def _stage(
    evidence: Evidence, name: str, variant: Variant, last: Variant | None = None
) -> dict[str, object]:
    score = evidence.score(variant)
    closed = None if last is None else remaining_gain_closed(evidence, variant, last)
    return {
        "Stage": name,
        **{task: f"{100 * score.task_accuracy(task):.1f}" for task in score.tasks},
        "Avg.": f"{100 * score.accuracy:.1f}",
        "relative accuracy": relative_accuracy(evidence, Point(name, variant)) or "–",
        "remaining gain closed": closed or "–",
        "speed-up": "–",
    }


def _speed_up(evidence: Evidence, percent: int) -> str:
    """Of AlphaRL at a stage; empty where the run's own curve was not scored.

    It has no interval: a first crossing is not smooth, and a bootstrap of it has no known coverage.
    """
    claim = CLAIMS["A4"]
    if any(variant.label not in evidence.scores for variant in claim.variants(evidence.steps)):
        return ""
    return f"{speed_up(evidence.observed(claim), evidence.steps, percent)[0]:.2f}"


def method_comparison(evidence: Evidence) -> pd.DataFrame:
    """One row per method at 40 %: what it is better than the last checkpoint, and than AlphaRL."""
    scored = [
        method
        for method in all_methods().values()
        if forecast(method.name, LATE).label in evidence.scores
    ]
    if ALPHARL not in {method.name for method in scored}:
        return pd.DataFrame()
    last, alpharl = last_observed(evidence.steps, LATE), forecast(ALPHARL, LATE)
    corrected = _adjusted(evidence, [method.name for method in scored if method.baseline])
    chosen = {choice.variant: choice for choice in evidence[SCORES].choices}
    rows: list[dict[str, object]] = [
        {
            "method": "last checkpoint",
            "accuracy": accuracy(evidence, last),
            "minus the checkpoint": "–",
            "remaining gain closed": "–",
            "AlphaRL minus it": difference(evidence, alpharl, last),
            "p": "",
            "chosen": "–",
        }
    ]
    for method in scored:
        variant = forecast(method.name, LATE)
        own = method.name == ALPHARL
        rows.append(
            {
                "method": method.title,
                "accuracy": accuracy(evidence, variant),
                "minus the checkpoint": difference(evidence, variant, last),
                "remaining gain closed": remaining_gain_closed(evidence, variant, last) or "–",
                "AlphaRL minus it": "–" if own else difference(evidence, alpharl, variant),
                "p": f"{corrected[method.name]:.2g}" if method.name in corrected else "",
                "chosen": _chosen(chosen[variant.label]),
            }
        )
    return pd.DataFrame(rows)


def _adjusted(evidence: Evidence, baselines: list[str]) -> dict[str, float]:
    """The p-value of the difference to AlphaRL by baseline, adjusted over all of them."""
    if not baselines:
        return {}
    df = degrees_of_freedom(evidence.tasks)
    alpharl = evidence.accuracies(forecast(ALPHARL, LATE))
    alone = {}
    for baseline in baselines:
        values = alpharl - evidence.accuracies(forecast(baseline, LATE))
        sides = [p_above(sign * values, 0, df, strictly=True) for sign in (1, -1)]
        alone[baseline] = float(min(sides))
    return adjusted(alone)


def overall(runs: list[Evidence]) -> pd.DataFrame:
    """One row per method: the mean over runs of what it is better than the last checkpoint."""
    rows = []
    for method in all_methods().values():
        variant = forecast(method.name, LATE)
        found = [
            difference(evidence, variant, last_observed(evidence.steps, LATE))
            for evidence in runs
            if variant.label in evidence.scores
        ]
        if not found:
            continue
        values = np.array([interval.estimate for interval in found])
        won = sum(interval.low > 0 for interval in found)
        lost = sum(interval.high < 0 for interval in found)
        rows.append(
            {
                "method": method.title,
                "runs": len(found),
                "minus the checkpoint": f"{values.mean():.3f}",
                "least … most": f"{values.min():.3f} … {values.max():.3f}",
                "won": won,
                "lost": lost,
                "open": len(found) - won - lost,
            }
        )
    return pd.DataFrame(rows)


def choices(evidence: Evidence) -> pd.DataFrame:
    """One row per forecast: what it saw, the candidates with their accuracies, and the chosen."""
    return pd.DataFrame(
        [
            {
                "forecast": f"{title_of(choice.method)} of {choice.percent} %",
                "checkpoints": len(choice.steps),
                "last step": choice.steps[-1],
                "their accuracies": ", ".join(f"{y:.3f}" for y in choice.observed) or "not used",
                "candidates (accuracy)": _candidates(choice),
                "chosen": _chosen(choice),
            }
            for choice in evidence[SCORES].choices
        ]
    )


def _candidates(choice: TargetSelection) -> str:
    if not choice.accuracies:
        return "–"
    pairs = zip(choice.targets, choice.accuracies, strict=True)
    return "; ".join(f"{target} ({scored:.3f})" for target, scored in pairs)


def _chosen(choice: TargetSelection) -> str:
    if choice.target is None:
        return "none: all accuracies are alike; the last checkpoint (no-op)"
    if choice.method == ORACLE:
        return f"{choice.target} (told)"
    bound = len(choice.targets) > 1 and choice.target == choice.targets[-1]
    return f"{choice.target}, the farthest there is" if bound else str(choice.target)
