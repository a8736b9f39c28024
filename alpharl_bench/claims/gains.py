"""What a run learned: its gain taken apart into what the untrained base has too, and the rest.

Each part is what a baseline adds to those before it: readable answers (*format*), a preference for
tokens whatever stands before them (*switch*), less or no chance (*sharpening*). *Beyond* is what
the trained model answers more than all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from alpharl_bench.baselines import METHODS, named
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.claims.measures import Interval, accuracy, this_analysis
from alpharl_bench.scoring import CONFIDENCE, degrees_of_freedom, percentile_interval
from alpharl_bench.tables.scores import SCORES
from alpharl_bench.variants import BASE, FULL, Variant, decoded

#: The parts in the order in which they are taken off a gain.
PARTS = ("format", "switch", "sharpening", "beyond")


@dataclass(frozen=True)
class Gains:
    """The gain of a run, taken apart; accuracies, all on the same questions.

    Args:
        base: the accuracy of the base.
        full: that of the fully trained model.
        parts: by name, see :data:`PARTS`; they add up to full − base.
        strictest: the baseline that *beyond* is measured against, chosen on the validation split.
        bar: the accuracy of its readable responses.
        told: whether the trained model is told from every baseline, each at 97.5 % one-sided and
            at this analysis: the chance to be told from all falsely is no higher than from one.
        exact: the share of the trained model's responses that are the worked solution to the
            letter; None where the tasks have none.
    """

    base: Interval
    full: Interval
    parts: dict[str, Interval]
    strictest: Variant
    bar: Interval
    told: bool
    exact: float | None

    def __str__(self) -> str:
        """The parts, each with its interval."""
        return ", ".join(f"{name} {part}" for name, part in self.parts.items())


def gains(evidence: Evidence, planned: Sequence[int] = ()) -> Gains | None:
    """Take the gain of a run apart; None where no baseline was scored.

    Args:
        evidence: the evidence of the run.
        planned: the planned numbers of samples, if it may be asked several times.
    """
    strictest = evidence.strictest
    if strictest is None:
        return None
    scores, df = evidence[SCORES], degrees_of_freedom(evidence.tasks)
    baselines = [BASE, *map(decoded, METHODS)]
    apart = np.array(
        [scores.accuracies(FULL) - scores.readable_accuracies(one) for one in baselines]
    )
    analysis = this_analysis(planned, evidence.samples, apart, lambda: _within(evidence, baselines))
    confidence = 1 - analysis.nominal(1 - CONFIDENCE)
    lows = [percentile_interval(one, df, confidence)[0] for one in apart]
    observed = _parts(scores.observed_accuracy, scores.observed_readable)
    resampled = _parts(scores.accuracies, scores.readable_accuracies)
    return Gains(
        base=accuracy(evidence, BASE),
        full=accuracy(evidence, FULL),
        parts={
            name: Interval.of(observed[name], resampled[name], df, confidence) for name in PARTS
        },
        strictest=strictest,
        bar=Interval.of(
            scores.observed_readable(strictest), scores.readable_accuracies(strictest), df
        ),
        told=bool(min(lows) > 0),
        exact=evidence.score(FULL).exact_share,
    )


_Accuracy = Callable[[Variant], np.ndarray]


def _parts(accuracy: _Accuracy, readable: _Accuracy) -> dict[str, np.ndarray]:
    """What every baseline adds to the best before it, never less than nothing."""
    base, full = accuracy(BASE), accuracy(FULL)
    level = np.maximum(base, readable(BASE))
    parts = {"format": level - base}
    for part in ("switch", "sharpening"):
        of_part = [readable(one) for one in map(decoded, METHODS) if named(one).part == part]
        higher = np.max([level, *of_part], axis=0)
        parts[part] = higher - level
        level = higher
    return {**parts, "beyond": full - level}


def _within(evidence: Evidence, baselines: Sequence[Variant]) -> np.ndarray:
    means = evidence.within([FULL, *baselines])
    return np.array([means[FULL] - means[one] for one in baselines])
