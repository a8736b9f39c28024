"""How often claims over several runs cover the truth, and are falsely decided, on simulated runs.

    python -m benchmarks.coverage pooled

Bases differ, and so do the runs of one base; all are asked the same questions, and what a question
does to a variant is partly the same on every base. The truth is the mean over all bases there could
be. Verdicts are those of :mod:`alpharl_bench.claims.pooled`; beside them stand ways of judging that
are known to be wrong. The truth lies on the threshold, so that every verdict is an error.
docs/statistics.md explains the tables.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import scipy
from tabulate import tabulate

from alpharl_bench.claims import Claim, Origin, Threshold, extreme
from alpharl_bench.claims.claim import Extreme
from alpharl_bench.claims.pooled import Number, Part, pool
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.scoring import (
    CONFIDENCE,
    degrees_of_freedom,
    percentile_interval,
    resampling_weights,
)
from benchmarks.noise_r2 import expected

#: The mean relative accuracy over all bases, and what it is asked for.
ASKED = 0.99
#: Of a pool, :mod:`alpharl_bench.claims.pooled`.
RESAMPLES = 2000
#: Standard deviations, in units of a probit: of the difficulty of a question, which bases share to
#: 70 %, and of what it does to a variant, which they share to a half.
DIFFICULTY, COMMON_DIFFICULTY = 1.0, 0.7
EFFECT, COMMON_EFFECT = 0.5, 0.5
#: Between these lie the accuracies of fully trained models.
ACCURACIES = (0.4, 0.8)
_BLOCK = 50  # repetitions that are resampled at once; bounds the memory

#: An interval.
Ends = tuple[float, float]


@dataclass(frozen=True)
class Rates:
    """Shares of intervals that hold the truth, lie wholly above it and wholly below it."""

    covered: float
    above: float
    below: float

    @classmethod
    def of(cls, intervals: Sequence[Ends], truth: float) -> "Rates":
        """Of some intervals."""
        low, high = np.transpose(intervals)
        above, below = float((low >= truth).mean()), float((high < truth).mean())
        return cls(1 - above - below, above, below)

    def __str__(self) -> str:
        """As in a table: ``95.1% (2.3%, 2.6%)``."""
        return f"{self.covered:.1%} ({self.above:.1%}, {self.below:.1%})"


def asked(line: float, extremes: tuple[Extreme, ...] = ()) -> Claim:
    """A claim that its numbers are at least this; of the paper, so that it can be refuted."""
    threshold = Threshold(low=line, origin=Origin.DERIVED)
    return replace(CLAIMS["P1.1"], threshold=threshold, extremes=extremes, nulls=(), ceilings=())


def pooled(claim: Claim, numbers: Sequence[Sequence[Number]], df: float) -> Ends:
    """The interval of a pool.

    Args:
        claim: what is judged.
        numbers: those of the runs of every base.
        df: degrees of freedom of the questions.
    """
    clusters = {
        str(base): {f"{base}-{run}": Part(number, {}, df, 0) for run, number in enumerate(runs)}
        for base, runs in enumerate(numbers)
    }
    found = pool(claim, "bases", clusters)
    assert found is not None  # noqa: S101
    return found.value.low, found.value.high


def satterthwaite(numbers: Sequence[Sequence[Number]], df: float) -> Ends:
    """Student's t with both parts of the variance under one number of degrees of freedom."""
    count = len(numbers)
    means = np.array([np.mean([n.observed for n in runs]) for runs in numbers])
    covariances = np.cov([np.mean([n.resampled for n in runs], axis=0) for runs in numbers])
    spread = means.var(ddof=1) / count
    shared = max((covariances.sum() - covariances.trace()) / (count * (count - 1)), 0)
    freedom = (spread + shared) ** 2 / (spread**2 / (count - 1) + shared**2 / df)
    reach = scipy.stats.t.isf((1 - CONFIDENCE) / 2, freedom) * np.sqrt(spread + shared)
    return float(means.mean() - reach), float(means.mean() + reach)


def runs_as_replicates(numbers: Sequence[Sequence[Number]], _: float) -> Ends:
    """Student's t over runs, as if each had a base and questions of its own."""
    observed = np.array([n.observed for runs in numbers for n in runs])
    reach = scipy.stats.t.isf((1 - CONFIDENCE) / 2, observed.size - 1) * scipy.stats.sem(observed)
    return float(observed.mean() - reach), float(observed.mean() + reach)


def questions_alone(numbers: Sequence[Sequence[Number]], df: float) -> Ends:
    """The bootstrap over questions of the mean over runs, as if there were no other bases."""
    mean = np.mean([n.resampled for runs in numbers for n in runs], axis=0)
    low, high = percentile_interval(mean, df)
    return float(low), float(high)


METHODS: Mapping[str, Callable[[Sequence[Sequence[Number]], float], Ends]] = {
    "pooled": lambda numbers, df: pooled(asked(ASKED), numbers, df),
    "Satterthwaite": satterthwaite,
    "runs as replicates": runs_as_replicates,
    "questions alone": questions_alone,
}


def chances(
    rng: np.random.Generator, full: np.ndarray, kept: np.ndarray, questions: int
) -> tuple[np.ndarray, np.ndarray]:
    """The chances of a right answer of fully trained models and of variants.

    Both are normal distribution functions of what is normal over questions, whose means are known:
    E Φ(a + s z) = Φ(a / √(1 + s²)).

    Args:
        rng: the source of randomness.
        full: (size, bases) true accuracies of the fully trained models.
        kept: (size, bases, runs) true relative accuracies of the variants.
        questions: how many are asked.

    Returns:
        Two arrays (size, bases, runs, questions) float64.
    """
    size, bases, runs = kept.shape

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal((size, *shape, questions))

    difficulty = DIFFICULTY * _partly(COMMON_DIFFICULTY, normal(1, 1), normal(bases, 1))
    effect = EFFECT * _partly(COMMON_EFFECT, normal(1, 1), normal(bases, runs))
    norm, spread = scipy.stats.norm, 1 + DIFFICULTY**2
    accuracy = full[..., None, None]
    trained = norm.cdf(norm.ppf(accuracy) * np.sqrt(spread) + difficulty)
    place = norm.ppf(kept[..., None] * accuracy) * np.sqrt(spread + EFFECT**2)
    return np.broadcast_to(trained, effect.shape), norm.cdf(place + difficulty + effect)


@dataclass(frozen=True)
class Family:
    """Runs of several bases, ``runs`` of each.

    ``between`` and ``seeds`` are standard deviations of the true relative accuracy: of bases, and
    of the runs of one base.
    """

    bases: int
    runs: int
    between: float
    seeds: float
    questions: int = 150
    samples: int = 4

    def chances(self, rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Those of some families, (size, bases, runs, questions) each; see :func:`chances`."""
        full = rng.uniform(*ACCURACIES, (size, self.bases))
        base = self.between * rng.standard_normal((size, self.bases, 1))
        run = self.seeds * rng.standard_normal((size, self.bases, self.runs))
        return chances(rng, full, ASKED + base + run, self.questions)

    def relative_accuracies(
        self, rng: np.random.Generator, size: int, resamples: int
    ) -> list[list[list[Number]]]:
        """Those of every run of every base of some families."""
        full, variant = (rng.binomial(self.samples, of) for of in self.chances(rng, size))
        weights = resampling_weights([""] * self.questions, resamples)
        observed = variant.mean(axis=-1) / full.mean(axis=-1)
        resampled = (variant @ weights.T) / (full @ weights.T)
        return [_numbers(*family) for family in zip(observed, resampled, strict=True)]


def _numbers(observed: np.ndarray, resampled: np.ndarray) -> list[list[Number]]:
    """By base and run.

    Args:
        observed: (bases, runs, …).
        resampled: (bases, runs, …, B).
    """
    bases = zip(observed, resampled, strict=True)
    return [[Number(*run) for run in zip(*base, strict=True)] for base in bases]


def _partly(share: float, common: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Of variance 1, a share of which is common."""
    sum_: np.ndarray = np.sqrt(share) * common + np.sqrt(1 - share) * own
    return sum_


def simulate(family: Family, repetitions: int, resamples: int = RESAMPLES) -> dict[str, Rates]:
    """Judge a family many times by every method.

    Args:
        family: what is simulated.
        repetitions: how often, rounded up to a multiple of fifty.
        resamples: of each.
    """
    rng = np.random.default_rng(1)
    df = degrees_of_freedom([""] * family.questions)
    found: dict[str, list[Ends]] = {name: [] for name in METHODS}
    for _ in range(0, repetitions, _BLOCK):
        for numbers in family.relative_accuracies(rng, _BLOCK, resamples):
            for name, method in METHODS.items():
                found[name].append(method(numbers, df))
    return {name: Rates.of(intervals, ASKED) for name, intervals in found.items()}


#: What stands in the rows: runs of a base, spread between bases, spread of the runs of one base.
SPREADS = (
    (1, 0.0, 0.0),
    (1, 0.02, 0.0),
    (1, 0.05, 0.0),
    (3, 0.0, 0.0),
    (3, 0.0, 0.02),
    (3, 0.02, 0.02),
    (3, 0.05, 0.02),
)
BASES = (3, 4, 5, 8)
#: The modules of qwen3-switch, whose numbers differ by their widths: q, k, v, o, gate, up and down.
MODULES = 4 * (128, 64, 64, 128, 384, 384, 128)
#: Of one module from seed to seed.
MODULE_SPREAD = 0.01


def simulate_weights(seeds: int, spread: float, repetitions: int) -> dict[str, Rates]:
    """Judge a mean over the modules of a model, whose truth is over seeds.

    Every module has a mean of its own. By chance of the training the whole model lies higher or
    lower, and each module does.

    Args:
        seeds: how many models are trained.
        spread: the standard deviation of a whole model from seed to seed.
        repetitions: how often.
    """
    rng = np.random.default_rng(1)
    modules = np.array([expected(20, width) for width in MODULES])
    strata = [""] * len(modules)
    weights, df = resampling_weights(strata, RESAMPLES), degrees_of_freedom(strata)
    truth = float(modules.mean())
    found: dict[str, list[Ends]] = {"pooled over seeds": [], "modules of one model": []}
    for _ in range(repetitions):
        models = modules + spread * rng.standard_normal((seeds, 1))
        models = models + MODULE_SPREAD * rng.standard_normal(models.shape)
        means = models.mean(axis=1, keepdims=True)
        numbers = _numbers(means, means[..., None])
        found["pooled over seeds"].append(pooled(asked(truth), numbers, np.inf))
        low, high = percentile_interval(weights @ models[0], df)
        found["modules of one model"].append((float(low), float(high)))
    return {name: Rates.of(intervals, truth) for name, intervals in found.items()}


@dataclass(frozen=True)
class Border:
    """Several numbers whose extreme lies on the line: each ``far`` above it, below it, or on it."""

    name: str
    extremes: tuple[Extreme, ...]
    far: np.ndarray


FAR = 1.0
BORDERS = (
    Border("least of 4, all on the line", ("least",), np.zeros(4)),
    Border("least of 4, one on the line", ("least",), np.array([0, FAR, FAR, FAR])),
    Border("least of 4 × most of 2, all on the line", ("least", "most"), np.zeros((4, 2))),
    Border("most of 3 × least of 2, all on the line", ("most", "least"), np.zeros((3, 2))),
    Border(
        "most of 3 × least of 2, one of each two on the line",
        ("most", "least"),
        np.tile([0, FAR], (3, 1)),
    ),
    Border(
        "most of 3 × least of 2, two on the line",
        ("most", "least"),
        np.array([[0, 0], [-FAR, -FAR], [-FAR, -FAR]]),
    ),
)


def simulate_extremes(border: Border, bases: int, repetitions: int) -> dict[str, Rates]:
    """Judge the least or most of several numbers, which lies on the line.

    Questions add to each number, of standard deviation 0.3, half of whose variance bases share;
    bases differ by 0.03.

    Args:
        border: the numbers.
        bases: of one run each.
        repetitions: how often.
    """
    rng = np.random.default_rng(1)
    strata = [""] * 150
    weights, df = resampling_weights(strata, RESAMPLES), degrees_of_freedom(strata)
    found: dict[str, list[Ends]] = {"pooled": [], "each base's own extreme": []}
    for _ in range(repetitions):
        shape = border.far.shape
        own = rng.standard_normal((bases, *shape, len(strata)))
        questions = 0.3 * _partly(0.5, rng.standard_normal((1, *shape, len(strata))), own)
        base = 0.03 * rng.standard_normal((bases, *shape, 1))
        table = border.far[..., None] + base + questions
        observed, resampled = table.mean(axis=-1), table @ weights.T
        numbers = _numbers(observed[:, None], resampled[:, None])
        found["pooled"].append(pooled(asked(0, border.extremes), numbers, df))
        ends = [
            [extreme(of, border.extremes)[None] for of in values]
            for values in (observed[..., None], resampled)
        ]
        alone = _numbers(np.array(ends[0])[..., 0], np.array(ends[1]))
        found["each base's own extreme"].append(pooled(asked(0), alone, df))
    return {name: Rates.of(intervals, 0) for name, intervals in found.items()}


def tables(repetitions: int = 2000, questions: int = 150) -> Iterator[str]:
    """The tables: of scores, of weights, of extremes.

    Args:
        repetitions: of every cell.
        questions: that every run is asked.
    """
    rows = []
    for bases, (runs, between, seeds) in product(BASES, SPREADS):
        family = Family(bases, runs, between, seeds, questions)
        rates = simulate(family, repetitions)
        rows.append([f"{bases} × {runs}", f"{between:g}", f"{seeds:g}", *map(str, rates.values())])
    yield _table(rows, ["bases × runs", "SD of bases", "SD of runs", *METHODS])
    rows = []
    for seeds, spread in product(BASES, (0.0, 0.01, 0.03)):
        rates = simulate_weights(seeds, spread, repetitions)
        rows.append([str(seeds), f"{spread:g}", *map(str, rates.values())])
    yield _table(rows, ["seeds", "SD of a model", *rates])
    rows = []
    for border, bases in product(BORDERS, (3, 8)):
        rates = simulate_extremes(border, bases, repetitions)
        rows.append([border.name, str(bases), *map(str, rates.values())])
    yield _table(rows, ["extreme", "bases", *rates])


def _table(rows: list[list[str]], headers: list[str]) -> str:
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)
