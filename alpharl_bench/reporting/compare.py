"""What changed between two reports: verdicts, accuracies, what is in one of them alone."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from alpharl_bench.claims.family import adjusted
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.invocation import session_command
from alpharl_bench.reporting import tables
from alpharl_bench.reporting.results import (
    AccuracyRecord,
    Results,
    VerdictRecord,
    load_results,
)
from alpharl_bench.reporting.storage import RESPONSES, read_stored, stored
from alpharl_bench.reporting.text import code, plain
from alpharl_bench.scoring import CONFIDENCE, Score, degrees_of_freedom, read_scores, unit_weights

#: Rows of a table; of further ones their number is told.
_ROWS = 12
#: Of these a clear fall is a regression: the others are a claim's business.
_WATCHED = ("base", "full")
_BETTER = {
    "supported": 2,
    "inconclusive": 1,
    "not informative": 1,
    "measured": 1,
    "refuted": 0,
}


@dataclass(frozen=True)
class Change:
    """A verdict that is another one now."""

    old: VerdictRecord
    new: VerdictRecord

    @property
    def worse(self) -> bool:
        """Whether less is supported than was, and the registry does not know of it."""
        fell = _BETTER[self.new.outcome] < _BETTER[self.old.outcome]
        known = self.new.known and self.new.outcome == "refuted"
        return fell and not known and not self.new.contrast


@dataclass(frozen=True)
class Difference:
    """The accuracy of a run's variant, new minus old, with its 95 % interval.

    ``paired`` over the same questions. ``p`` is that of no difference; :func:`compare` adjusts
    those of what is watched.
    """

    run: str
    variant: str
    estimate: float
    low: float
    high: float
    p: float
    paired: bool

    @property
    def clear(self) -> bool:
        """Whether it is not chance, at 5 %."""
        return self.p <= 1 - CONFIDENCE

    @property
    def worse(self) -> bool:
        """Whether the base or the trained model clearly answers less than it did."""
        return self.variant in _WATCHED and self.clear and self.estimate < 0


@dataclass(frozen=True)
class Comparison:
    """Two sessions side by side; ``gone`` and ``came`` are (claim, run) in one alone."""

    old: Results
    new: Results
    changes: tuple[Change, ...]
    differences: tuple[Difference, ...]
    gone: tuple[tuple[str, str], ...]
    came: tuple[tuple[str, str], ...]

    @property
    def regressed(self) -> bool:
        """Whether anything got worse."""
        return self.regressions > 0

    @property
    def regressions(self) -> int:
        """How many things got worse."""
        changes = sum(change.worse for change in self.changes)
        return changes + sum(difference.worse for difference in self.differences)

    def markdown(self) -> str:
        """A comment for a pull request, of at most some sixty lines."""
        return "\n".join(_lines(self))


def compare(old: Path, new: Path) -> Comparison:
    """Compare two reports by their ``results.json``.

    Accuracies are compared question by question where both folders have their scores and the same
    questions were asked: Student's t on the differences, the mean over tasks of their means, with
    the degrees of freedom that intervals have. Otherwise by the two intervals (Zou and Donner 2008,
    Stat. Med. 27:1693). p-values of base and trained models are adjusted over all of them (Holm).

    Args:
        old: a folder of a report, or a file of results.
        new: the same, of what is to be compared with it.

    Raises:
        AlphaRLBenchError: one of them has no results of this version, or none with a number; or
            they have none in common.
    """
    before, after = _numbers(old), _numbers(new)
    was, now = before.by_claim_and_run, after.by_claim_and_run
    if not (was.keys() & now.keys() or _accuracies(before) & _accuracies(after)):
        raise AlphaRLBenchError(
            f"compare {old} {new}: no verdict and no accuracy of both; compare reports of the same "
            "runs"
        )
    changes = [
        Change(was[key], now[key])
        for key in was
        if key in now and was[key].outcome != now[key].outcome
    ]
    return Comparison(
        before,
        after,
        tuple(sorted(changes, key=lambda change: not change.worse)),
        tuple(_adjusted(list(_differences(before, after, _scores(old), _scores(new))))),
        gone=tuple((v.claim, v.run) for key, v in was.items() if key not in now),
        came=tuple((v.claim, v.run) for key, v in now.items() if key not in was),
    )


def _numbers(path: Path) -> Results:
    """The results of a report, in which there is something to compare.

    Raises:
        AlphaRLBenchError: there is nothing, or what should be a number is none.
    """
    results = load_results(path)
    accuracies = [
        record.accuracy for run in results.runs.values() for record in run.accuracies.values()
    ]
    values = [verdict.value for verdict in results.verdicts if verdict.value]
    for bounds in (*accuracies, *values):
        if not all(map(math.isfinite, filter(None, bounds.model_dump().values()))):
            raise AlphaRLBenchError(
                f"{path}: holds a result that is not a number; make it again by "
                "`alpharl-bench report DIR`"
            )
    if unknown := {verdict.claim for verdict in results.verdicts} - results.claims.keys():
        raise AlphaRLBenchError(
            f"{path}: a verdict on {min(unknown)}, which is not among its claims; make it again "
            "by `alpharl-bench report DIR`"
        )
    if not accuracies and not values:
        raise AlphaRLBenchError(
            f"{path}: holds no verdict and no accuracy with a number; nothing can be compared "
            f"with it; `{session_command()} --report DIR` judges runs"
        )
    return results


def _accuracies(results: Results) -> set[tuple[str, str]]:
    """The runs and variants that have one."""
    return {(name, variant) for name, run in results.runs.items() for variant in run.accuracies}


def _scores(path: Path) -> dict[tuple[str, str], Score]:
    """The scores that lie in a report's folder, by run and variant; none of a file alone."""
    file = stored(path, RESPONSES)
    scores = read_scores(file, read_stored) if file.is_file() else []
    return {(score.provenance.run, score.variant): score for score in scores}


def _differences(
    before: Results,
    after: Results,
    old: dict[tuple[str, str], Score],
    new: dict[tuple[str, str], Score],
) -> Iterator[Difference]:
    for run, result in before.runs.items():
        others = after.runs[run].accuracies if run in after.runs else {}
        for variant, was in result.accuracies.items():
            if variant not in others:
                continue
            pair = [scores.get((run, variant)) for scores in (old, new)]
            if pair[0] and pair[1] and pair[0].questions == pair[1].questions:
                yield _paired(run, variant, pair[0], pair[1])
            else:
                yield _unpaired(run, variant, was, others[variant])


def _paired(run: str, variant: str, old: Score, new: Score) -> Difference:
    tasks = np.array([task for task, _ in new.questions])
    change = new.per_question - old.per_question
    estimate = float(unit_weights(list(tasks)) @ change)
    groups = [change[tasks == task] for task in new.tasks]
    df = degrees_of_freedom(list(tasks))
    if df == 0:
        return Difference(run, variant, estimate, -math.inf, math.inf, 1.0, paired=True)
    variance = sum(group.var(ddof=1) / len(group) for group in groups) / len(groups) ** 2
    error = math.sqrt(variance)
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, df)) * error
    p = float(2 * stats.t.sf(abs(estimate) / error, df)) if error else float(estimate == 0)
    return Difference(run, variant, estimate, estimate - reach, estimate + reach, p, paired=True)


def _unpaired(run: str, variant: str, old: AccuracyRecord, new: AccuracyRecord) -> Difference:
    was, now = old.accuracy, new.accuracy
    estimate = now.estimate - was.estimate
    if was.low is None or was.high is None or now.low is None or now.high is None:
        return Difference(run, variant, estimate, -math.inf, math.inf, 1.0, paired=False)
    low = math.hypot(now.estimate - now.low, was.high - was.estimate)
    high = math.hypot(now.high - now.estimate, was.estimate - was.low)
    # The side on which no difference lies tells how surprising it would be.
    reach = low if estimate > 0 else high
    z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    p = float(2 * stats.norm.sf(z * abs(estimate) / reach)) if reach else float(estimate == 0)
    return Difference(run, variant, estimate, estimate - low, estimate + high, p, paired=False)


def _adjusted(found: Sequence[Difference]) -> list[Difference]:
    by_key = adjusted({(i.run, i.variant): i.p for i in found if i.variant in _WATCHED})
    return [replace(item, p=by_key.get((item.run, item.variant), item.p)) for item in found]


def _lines(found: Comparison) -> Iterator[str]:
    worse = found.regressions
    title = f"{worse} regression{'' if worse == 1 else 's'}" if worse else "No regression"
    yield from (f"### {title}", "")
    for name, results in (("Old", found.old), ("New", found.new)):
        cut = ", **interrupted**" if results.interrupted else ""
        yield (
            f"- {name}: {len(results.verdicts)} verdicts on {len(results.runs)} runs, "
            f"{plain(results.date)}, version {plain(results.version)}{cut}: "
            f"{code(results.command[:300])}"
        )
    yield ""
    if found.changes:
        yield from ("Verdicts that changed:", "", *_table([_changed(c) for c in found.changes]))
    else:
        yield from ("No verdict changed.", "")
    yield from _accuracy_lines(found.differences)
    for title, keys in (("old", found.gone), ("new", found.came)):
        if keys:
            named = ", ".join(plain(f"{claim} on {run}") for claim, run in keys[:_ROWS])
            more = f" and {len(keys) - _ROWS:,} more" if len(keys) > _ROWS else ""
            yield from (f"Only in the {title} one: {named}{more}.", "")


def _accuracy_lines(differences: Sequence[Difference]) -> Iterator[str]:
    moved = [d for d in differences if d.estimate != 0]
    paired = sum(d.paired for d in differences)
    yield (
        f"Accuracies: {len(differences):,} variants of both, {paired:,} compared question by "
        f"question; {len(moved):,} differ, {sum(d.clear for d in moved):,} clearly (p ≤ 0.05; of "
        "base and trained models adjusted over all of them, of others each alone)."
    )
    yield ""
    shown = sorted(moved, key=lambda d: (not d.worse, d.variant not in _WATCHED, d.p))
    if shown:
        yield from _table([_differs(d) for d in shown])


def _changed(change: Change) -> dict[str, object]:
    old, new = change.old, change.new
    return {
        "claim": new.claim,
        "run": new.run[:60],
        "was": f"{old.outcome} ({_number(old)})",
        "is": f"{new.outcome} ({_number(new)})",
        "": "worse" if change.worse else _direction(change),
    }


def _direction(change: Change) -> str:
    if change.new.contrast:
        return "contrast"
    risen = _BETTER[change.new.outcome] - _BETTER[change.old.outcome]
    if risen > 0:
        return "better"
    return "known" if risen < 0 else "neither"


def _number(verdict: VerdictRecord) -> str:
    return f"{verdict.value.estimate:.3f}" if verdict.value else "no number"


def _differs(item: Difference) -> dict[str, object]:
    return {
        "run": item.run[:60],
        "variant": item.variant,
        "new − old": f"{item.estimate:+.3f} [{item.low:+.3f}, {item.high:+.3f}]",
        "p": f"{item.p:.2g}",
        "": "worse" if item.worse else "clear" if item.clear else "",
    }


def _table(rows: Sequence[dict[str, object]]) -> Iterator[str]:
    yield tables.markdown(pd.DataFrame(rows[:_ROWS]))
    if len(rows) > _ROWS:
        yield from ("", f"{len(rows) - _ROWS:,} more.")
    yield ""
