"""How often a run is told from its null, on simulated runs that are their null or lie beyond it.

    python -m benchmarks.coverage nulls

A control compares the run with its null (:mod:`alpharl_bench.claims.controls`). A run that is drawn
as its null should be told from it in 2.5 % of all cases, and one that lies some standard deviations
beyond it as often as can be. Beside the controls stand comparisons that are known to be wrong, the
former one among them: whether the interval of the null excludes the threshold. docs/statistics.md
explains the tables.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import scipy
from tabulate import tabulate

from alpharl_bench.claims import Claim, Null, Threshold
from alpharl_bench.claims.controls import controls
from alpharl_bench.dynamics import WINDOWS, null_r_squared, r_squared, windows
from alpharl_bench.dynamics.nulls import noise, permuted, walk
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.claims.property2 import (
    LINEAR,
    SHUFFLES,
    shuffled_slopes,
    window_slope,
)
from alpharl_bench.scoring import (
    CONFIDENCE,
    degrees_of_freedom,
    percentile_interval,
    resampling_weights,
)
from alpharl_bench.variants import Variant, window
from benchmarks.coverage.pooled import ACCURACIES, ASKED, MODULES, chances
from benchmarks.noise_r2 import accuracies

#: How far a run lies beyond its null, in standard deviations of what is compared.
BEYOND = (0, 1, 2, 3)
DRAWS = 99
CHECKPOINTS = 20
#: Of a comparison of scores; a session takes ten times as many.
RESAMPLES = 2000
#: Of a null, whose mean was formerly kept.
FORMER_DRAWS = 20
#: Where a threshold lies, in standard deviations of the null above its mean.
LINES = (-2, -1, 0, 1, 2, 3, 4, 6)

#: How often a run is told from its null, by how far it lies beyond it.
Told = Mapping[int, float]


def compared() -> Claim:
    """A claim about the column ``run``, with the column ``null`` as its null; more is better."""
    return replace(
        CLAIMS["P1.1"],
        statistic=lambda m, _: m["run"],
        threshold=Threshold(low=0),
        nulls=(Null("null", lambda m, _: m["null"]),),
        ceilings=(),
    )


def told(
    run: float, null: np.ndarray, resampled: Mapping[str, np.ndarray] | None = None, df: float = 0
) -> bool:
    """Whether a control tells a run from its null.

    Args:
        run: its statistic.
        null: (1,) the null's, or (draws,) that of each draw.
        resampled: (B,) of both over resamples, where both are of questions.
        df: degrees of freedom of the questions.
    """
    observed = {"run": np.array([run]), "null": null if null.size == 1 else null[:, None]}
    found = controls(compared(), (), observed, resampled, df, 1 - CONFIDENCE)
    return not found["null"].alike


@dataclass(frozen=True)
class Drawn:
    """Runs that are their null: ``runs`` (n,) and, of the same distribution, ``draws`` (n, d)."""

    runs: np.ndarray
    draws: np.ndarray

    def told(self, rule: Callable[[float, np.ndarray], bool] = told) -> Told:
        """How often a rule tells them, moved beyond their null, from the draws."""
        spread = self.runs.std()
        return {
            beyond: float(
                np.mean(
                    [
                        rule(float(run + beyond * spread), draws)
                        for run, draws in zip(self.runs, self.draws, strict=True)
                    ]
                )
            )
            for beyond in BEYOND
        }


def above_mean(run: float, draws: np.ndarray) -> bool:
    """Whether a run is above the interval of the mean of the draws."""
    reach = scipy.stats.t.isf((1 - CONFIDENCE) / 2, draws.size - 1) * scipy.stats.sem(draws)
    return bool(run > draws.mean() + reach)


def above_all(run: float, draws: np.ndarray) -> bool:
    """Whether a run is above every draw."""
    return bool(run > draws.max())


def scores(questions: int, samples: int, repetitions: int) -> dict[str, Told]:
    """A variant beside another as good, both over the same answers of the fully trained model.

    By the control, which is paired, and by whether the intervals of both do not overlap.

    Args:
        questions: how many are asked.
        samples: to each question.
        repetitions: how many runs; as many again tell the spread of the difference.
    """
    rng = np.random.default_rng(1)
    strata = [""] * questions
    weights, df = resampling_weights(strata, RESAMPLES), degrees_of_freedom(strata)

    def answers(kept: float) -> np.ndarray:
        """(3, questions) shares of right answers: of the trained model, the run and its null."""
        full = rng.uniform(*ACCURACIES, (1, 1))
        trained, variants = chances(rng, full, np.array([[[kept, ASKED]]]), questions)
        drawn = np.stack([trained[0, 0, 0], *variants[0, 0]])
        right: np.ndarray = rng.binomial(samples, drawn) / samples
        return right

    def relative(means: np.ndarray) -> np.ndarray:
        ratios: np.ndarray = means[1:] / means[0]
        return ratios

    differences = [np.diff(relative(answers(ASKED).mean(axis=1))) for _ in range(repetitions)]
    by_difference, by_intervals = {}, {}
    for beyond in BEYOND:
        paired, apart = [], []
        for _ in range(repetitions):
            right = answers(ASKED + beyond * float(np.std(differences)))
            run, null = relative(right.mean(axis=1))
            resampled = relative(right @ weights.T)
            means = dict(zip(("run", "null"), resampled, strict=True))
            paired.append(told(run, np.array([null]), means, df))
            low, high = percentile_interval(resampled.T, df)
            apart.append(low[0] > high[1])
        by_difference[beyond] = float(np.mean(paired))
        by_intervals[beyond] = float(np.mean(apart))
    return {"paired": by_difference, "intervals apart": by_intervals}


def noise_bank(widths: tuple[int, ...], draws: int) -> np.ndarray:
    """(draws, modules) R² of noise in modules of these widths, on a saturating learning curve."""
    rng, y = np.random.default_rng(1), accuracies(CHECKPOINTS)
    shapes = [np.empty((CHECKPOINTS, width)) for width in widths]
    return np.transpose([null_r_squared(noise, shape, y, draws, rng) for shape in shapes])


def of_noise(bank: np.ndarray, repetitions: int) -> Drawn:
    """Runs that are noise, as their mean R² over modules, and as many draws as a session takes."""
    rng, means = np.random.default_rng(1), bank.mean(axis=1)
    chosen = [rng.choice(means, DRAWS + 1, replace=False) for _ in range(repetitions)]
    return Drawn(np.array(chosen)[:, 0], np.array(chosen)[:, 1:])


def over_modules(bank: np.ndarray, repetitions: int) -> np.ndarray:
    """The former intervals of a null, (repetitions, 2): of a bootstrap over modules.

    Each is of the mean of 20 draws, and takes the modules for a sample of more.

    Args:
        bank: (draws, modules) R² of every module in each draw, from which they are chosen.
        repetitions: how many.
    """
    rng, strata = np.random.default_rng(2), [""] * bank.shape[1]
    weights, df = resampling_weights(strata, RESAMPLES), degrees_of_freedom(strata)
    modules = [
        bank[rng.integers(len(bank), size=FORMER_DRAWS)].mean(axis=0) for _ in range(repetitions)
    ]
    return np.array([percentile_interval(weights @ of, df) for of in modules])


def permutations(repetitions: int, *, of_the_run: bool = True) -> Drawn:
    """Accuracies in an order of chance beside smooth paths, which are alike in all modules.

    Args:
        repetitions: how many runs.
        of_the_run: whether each permutation is one of the run, or each module has its own.
    """
    rng, curve = np.random.default_rng(1), accuracies(CHECKPOINTS)
    runs, draws = [], []
    for _ in range(repetitions):
        y, seed = rng.permutation(curve), int(rng.integers(1 << 32))
        paths = [walk(np.ones(CHECKPOINTS), width, rng) for width in MODULES]
        runs.append(np.mean([r_squared(path, y) for path in paths]))
        sources = [(seed, 0 if of_the_run else module) for module in range(len(paths))]
        drawn = [
            null_r_squared(permuted, path, y, DRAWS, np.random.default_rng(source))
            for path, source in zip(paths, sources, strict=True)
        ]
        draws.append(np.mean(drawn, axis=0))
    return Drawn(np.array(runs), np.array(draws))


def shuffles(repetitions: int) -> Drawn:
    """Slopes over windows of modules in an order of chance, beside those of shuffled orders.

    What a module adds to the accuracy is drawn from an exponential distribution, and every accuracy
    is uncertain by as much. Slopes are turned: more is better here.
    """
    rng = np.random.default_rng(1)
    names = {f"model.layers.{i}.mlp.up_proj": -float(i) for i in range(len(MODULES))}
    inside = np.array([[name in one.modules for name in names] for one in windows(names)])
    gains = 0.02 * rng.exponential(size=(len(MODULES), repetitions))
    found: dict[Variant, np.ndarray] = {}
    for shuffle in (None, *SHUFFLES):
        held = inside @ rng.permuted(gains, axis=0)
        held = held + 0.02 * rng.standard_normal(held.shape)
        found |= {window(n, shuffle=shuffle): held[n - 1] for n in range(1, WINDOWS + 1)}
    return Drawn(-window_slope(found), -shuffled_slopes(found).T)


#: Modules by their widths: all alike, and those of a model.
WIDTHS = {
    **{f"{len(MODULES)} of width {w}": len(MODULES) * (w,) for w in sorted({*MODULES})},
    f"{len(MODULES)} of qwen3-switch": MODULES,
}


def told_apart(repetitions: int) -> dict[tuple[str, str], Told]:
    """How often runs are told from their nulls, by what is compared and how.

    What is known to be wrong is marked so.
    """
    found: dict[tuple[str, str], Told] = {}
    for questions, samples in ((150, 4), (500, 32)):
        name, of = f"{questions} × {samples} answers", scores(questions, samples, repetitions)
        found[name, "difference, paired"] = of["paired"]
        found[name, "wrong: intervals that do not overlap"] = of["intervals apart"]
    normal = np.random.default_rng(1).standard_normal((repetitions, DRAWS + 1))
    for name, drawn in (("normal", normal), ("skewed", np.exp(normal))):
        of_draws = Drawn(drawn[:, 0], drawn[:, 1:])
        found[f"{DRAWS} draws, {name}", "rank"] = of_draws.told()
        found[f"{DRAWS} draws, {name}", "wrong: interval of their mean"] = of_draws.told(above_mean)
    slopes, name = shuffles(repetitions), f"{len(SHUFFLES)} shuffled orders"
    found[name, "Student's t, with mirror images"] = slopes.told()
    steepest = Drawn(slopes.runs, slopes.draws[:, : len(SHUFFLES)]).told(above_all)
    found[name, "wrong: steeper than all"] = steepest
    name = f"{DRAWS} draws of noise, R² of {len(MODULES)} modules"
    bank = noise_bank(MODULES, 2 * max(repetitions, DRAWS))
    of_draws = of_noise(bank, repetitions)
    found[name, "rank"] = of_draws.told()
    ends = over_modules(bank, repetitions)
    found[name, "wrong: bootstrap over modules"] = Drawn(of_draws.runs, ends).told(above_all)
    name = f"{DRAWS} permutations, R² of {len(MODULES)} modules"
    found[name, "rank"] = permutations(repetitions).told()
    apart = permutations(repetitions, of_the_run=False)
    found[name, "wrong: an order of each module"] = apart.told()
    return found


def not_excluded(repetitions: int) -> dict[str, dict[int, float]]:
    """How often the former rule says that a null cannot be ruled out, by where the line lies.

    That is, how often the interval of the null does not lie below the line, which is some standard
    deviations of the null's statistic above its mean.
    """
    rng = np.random.default_rng(1)
    strata = [""] * 150
    weights, df = resampling_weights(strata, RESAMPLES), degrees_of_freedom(strata)
    relative, highs = [], []
    for _ in range(repetitions):
        full = rng.uniform(*ACCURACIES, (1, 1))
        of = chances(rng, full, np.full((1, 1, 1), ASKED), len(strata))
        trained, variant = (rng.binomial(4, chance[0, 0, 0]) / 4 for chance in of)
        relative.append(variant.mean() / trained.mean())
        highs.append(percentile_interval(weights @ variant / (weights @ trained), df)[1])
    rules = {"150 × 4 answers": (np.array(relative), np.array(highs))}
    for name, widths in WIDTHS.items():
        bank = noise_bank(widths, repetitions)
        rules[name] = bank.mean(axis=1), over_modules(bank, repetitions)[:, 1]
    return {
        name: {x: float((of.mean() + x * of.std() <= high).mean()) for x in LINES}
        for name, (of, high) in rules.items()
    }


@dataclass(frozen=True)
class Noise:
    """R² of noise as a mean over modules: (n,) that of every draw, (n, 2) former intervals."""

    means: np.ndarray
    intervals: np.ndarray

    @classmethod
    def of(cls, widths: tuple[int, ...], draws: int) -> "Noise":
        """Draws of modules of these widths."""
        bank = noise_bank(widths, draws)
        return cls(bank.mean(axis=1), over_modules(bank, draws))

    @property
    def middle(self) -> np.ndarray:
        """(2,) between which 95 % of the draws lie."""
        ends: np.ndarray = np.quantile(self.means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return ends

    @property
    def former(self) -> np.ndarray:
        """(2,) the mean ends of the former intervals."""
        ends: np.ndarray = self.intervals.mean(axis=0)
        return ends

    @property
    def held(self) -> float:
        """The share of draws that a former interval holds; it says 95 %."""
        low, high = self.intervals.T
        return float(((low <= self.means) & (self.means <= high)).mean())


def tables(repetitions: int = 2000) -> Iterator[str]:
    """The tables: of controls, of the former rule, of noise.

    Args:
        repetitions: runs of every row.
    """
    rows = [
        [*names, *(f"{share:.1%}" for share in of.values())]
        for names, of in told_apart(repetitions).items()
    ]
    yield _table(
        rows, ["the run is told from", "by", "0 SD beyond", *(f"{d} SD" for d in BEYOND[1:])]
    )
    former = not_excluded(repetitions)
    rows = [
        [f"{x:+d} SD", f"{scipy.stats.norm.sf(x):.2%}", *(f"{of[x]:.1%}" for of in former.values())]
        for x in LINES
    ]
    yield _table(rows, ["the line lies at", "draws beyond it", *former])
    rows = []
    for name, widths in WIDTHS.items():
        found = Noise.of(widths, repetitions)
        mean, spread = f"{found.means.mean():.3f}", f"{found.means.std():.4f}"
        ends = ("[{:.3f}, {:.3f}]".format(*of) for of in (found.middle, found.former))
        shares = (f"{share:.1%}" for share in (found.held, (found.means >= LINEAR).mean()))
        rows.append([name, mean, spread, *ends, *shares])
    headers = ["modules", "mean R² of noise", "SD of the mean", "95 % of draws"]
    headers += ["wrong: over modules", "draws in it", f"draws ≥ {LINEAR:g}"]
    yield _table(rows, headers)


def _table(rows: list[list[str]], headers: list[str]) -> str:
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)
