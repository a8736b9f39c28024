"""The plan of a session as Markdown: a table per run, a row per claim, what they share once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from alpharl_bench.bench import Options
from alpharl_bench.claims.power import expected
from alpharl_bench.formatting import rough_time_text, size_text
from alpharl_bench.plan.cost import Cost, context_of, most_tokens, questions_of
from alpharl_bench.plan.throughput import H100, USABLE
from alpharl_bench.runs.source import RunInfo
from alpharl_bench.runs.spec import RunSpec
from alpharl_bench.scoring.catalogue import BENCHMARK_PROMPT, FAMILY_PROMPT
from alpharl_bench.scoring.pace import Pace


@dataclass(frozen=True)
class Planned:
    """What a session would do with one run.

    Args:
        spec: the run.
        info: the facts known about it.
        asked: the settings of the measurement.
        claims: the cost of every claim by its id.
        all: the cost of all of them, what they share counted once.
        skipped: why claims would be skipped here, by id.
        pace: what responses took that such a model gave here, where that is reckoned with.
    """

    spec: RunSpec
    info: RunInfo
    asked: Options
    claims: Mapping[str, Cost]
    all: Cost
    skipped: Mapping[str, str]
    pace: Pace | None = None


def plan_text(planned: Sequence[Planned], rate: float | None, mean: float | None = None) -> str:
    """All runs, their sum where there are several, and what the figures rest on."""
    parts = [_of_run(run) for run in planned]
    if len(planned) > 1:
        parts.append(_sum(planned))
    return "\n\n".join([*parts, _notes(rate, mean)])


def _of_run(run: Planned) -> str:
    measured = run.pace is not None
    rows = [_row(claim, cost, measured=measured) for claim, cost in run.claims.items()]
    rows.append(_row("all, each thing once", run.all, measured=measured))
    reasons: dict[str, list[str]] = {}
    for claim, reason in run.skipped.items():
        reasons.setdefault(reason, []).append(claim)
    skipped = [f"skipped here: {', '.join(ids)}: {reason}" for reason, ids in reasons.items()]
    return "\n".join([*_head(run), "", _table(rows), "", *skipped]).rstrip()


def _head(run: Planned) -> list[str]:
    spec, info, sampling = run.spec, run.info, run.asked.sampling
    tasks = ", ".join(f"{task} {n:,}" for task, n in questions_of(sampling).items())
    made_of = (
        f"{spec.algorithm} on {spec.model}: {info.size.parameters / 1e9:.3g} B "
        f"parameters, {len(info.steps)} checkpoint{'s' if len(info.steps) > 1 else ''} of "
        f"{size_text(info.checkpoint_bytes)}"
    )
    lines = [f"## {spec.name}", made_of, *info.about]
    if info.to_train:
        lines.append(f"to train first: {info.to_train:,} steps, {size_text(info.training)} on disk")
    if run.asked.one_checkpoint and info.remote - {None}:
        lines.append(
            f"one checkpoint at a time: at most {size_text(run.all.weights)} of weights are here "
            "at a time; what several claims read is downloaded again"
        )
    lines.append(
        f"questions: {tasks}; {sampling.samples} responses to each of at most "
        f"{most_tokens(sampling):,} tokens, {run.asked.interim_analyses} interim "
        f"analys{'e' if run.asked.interim_analyses > 1 else 'i'}s; sequences of "
        f"{context_of(info.size, sampling):,} tokens in {run.asked.engine.dtype}"
    )
    if run.pace is not None:
        lines.append(
            f"reckoned with {run.pace.tokens:.3g} tokens to a response and {run.pace.rate:,.0f} "
            f"tokens a second of one worker, as measured here on {run.pace.scores} "
            f"score{'s' if run.pace.scores > 1 else ''} of this model"
        )
    sizes = questions_of(sampling)
    told = [f"{expected(sizes, count):.3f} with {count} samples" for count in _ends(run.asked)]
    lines.append(
        "told with 80 %: a difference between two variants' accuracies of "
        f"{', '.join(told)} to each question, where both are right on half of their responses"
    )
    return lines


def _ends(asked: Options) -> list[int]:
    """The samples at the first and the last planned analysis."""
    return list(dict.fromkeys((asked.planned[0], asked.planned[-1])))


def _row(claim: str, cost: Cost, *, measured: bool) -> dict[str, str]:
    return {
        "claim": claim,
        "to download": _part(cost.download, cost.download + cost.here, size_text),
        "disk beside": size_text(cost.disk),
        "memory: model": size_text(cost.model),
        "memory: SVD": size_text(cost.decomposing),
        "to score": _part(cost.scores - cost.scored, cost.scores, "{:,}".format),
        "chains": _part(cost.passes - cost.written, cost.passes, "{:,}".format),
        "tokens ≤": f"{cost.tokens:.3g}",
        "tokens ≈": f"{cost.expected:.3g}",
        **_time([cost], measured=measured),
    }


def _time(costs: Sequence[Cost], *, measured: bool) -> dict[str, str]:
    """A column: hours of GPUs by a rate, or the time of a worker as it was measured."""
    hours = sum(cost.hours for cost in costs)
    if measured:
        return {"time ≈": rough_time_text(3600 * hours) if hours else "0 s"}
    return {"GPU-hours ≈": f"{hours:.3g}"}


def _part(left: int, whole: int, text: Callable[[float], str]) -> str:
    return text(left) if left == whole else f"{text(left)} of {text(whole)}"


def _sum(runs: Sequence[Planned]) -> str:
    costs = [run.all for run in runs]
    total = {
        "runs": len(costs),
        "to download": size_text(sum(cost.download for cost in costs)),
        "disk beside": size_text(sum(cost.disk for cost in costs)),
        "to score": f"{sum(cost.scores - cost.scored for cost in costs):,}",
        "tokens ≤": f"{sum(cost.tokens for cost in costs):.3g}",
        "tokens ≈": f"{sum(cost.expected for cost in costs):.3g}",
    }
    for measured in (False, True):
        if own := [run.all for run in runs if (run.pace is not None) == measured]:
            total |= _time(own, measured=measured)
    return "## All runs\n\n" + _table([total])


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    return tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True)


def _notes(rate: float | None, mean: float | None) -> str:
    length = (
        f"expected are {mean:,.0f} to a response, as --mean-tokens says"
        if mean
        else "expected are as many where no response was measured (--probe takes the base's, "
        "--mean-tokens says it)"
    )
    speed = (
        f"{rate:,.0f} tokens a second, as --tokens-per-second says"
        if rate
        else f"what the data sheet of an {H100.name} allows ({H100.memory / 1e9:.0f} GB of which "
        f"{USABLE:.0%} are used, {H100.bandwidth / 1e12:.2f} TB/s), as many of them as the model "
        "takes, where nothing was measured here: --tokens-per-second takes a figure of your own"
    )
    return (
        "Nothing was downloaded, trained or scored. Tokens ≤ are the most that is allowed: every "
        f"response at its greatest length; {length}. Hours: of the expected ones, at {speed}. A "
        f"prompt is reckoned with {BENCHMARK_PROMPT:,} tokens, one of arithmetic with "
        f"{FAMILY_PROMPT}. Disk and memory are the most at a time, and what the package's cache "
        "has of triplets is counted again, as are scores of windows of modules: only a ranking "
        "tells which modules those are."
    )
