"""Samples to a decision of the claims of Property 1 on the nano lane, as `--until-decided` asks.

Every variant of an open claim is asked further samples, look by look, so that a variant takes as
many as the last of its claims. Variants with the same weights can be asked once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from alpharl_bench.checkpoints import module_names, open_weights
from alpharl_bench.claims import Claim
from alpharl_bench.claims.extremes import interval
from alpharl_bench.claims.measures import this_analysis
from alpharl_bench.papers import find_claim
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.scoring import (
    CONFIDENCE,
    degrees_of_freedom,
    percentile_interval,
    resampling_weights,
)
from alpharl_bench.scoring.canonical import canonical
from alpharl_bench.scoring.sequential import planned_samples
from alpharl_bench.tables import Means
from alpharl_bench.variants import Variant
from benchmarks.coverage.nano import Answers, session
from benchmarks.coverage.text import markdown, percent
from benchmarks.coverage.ways import WAYS, Way
from benchmarks.coverage.within import of_answers

RUNS = ("qwen3-carry-grpo", "qwen3-facts-grpo", "qwen3-carry-sft")
#: Looks, and the samples that each adds; the first is the lane's default.
SCHEDULES = ((8, 2), (4, 4), (8, 4))
#: A fourth of a session's, which moves the ends of an interval at 99 % by a twentieth of its half.
RESAMPLES = 5000


@dataclass(frozen=True)
class Lane:
    """A run of the session and its claims about Property 1 that rest on samples."""

    run: str

    @cached_property
    def steps(self) -> Sequence[int]:
        """The steps of its checkpoints."""
        return session().runs[self.run].steps

    @cached_property
    def claims(self) -> list[Claim]:
        """The claims."""
        judged = session().runs[self.run].claims
        found = [find_claim(name) for name, samples in judged.items() if samples]
        return [claim for claim in found if claim.id.startswith("P1.")]

    @cached_property
    def kept_as(self) -> Mapping[Variant, Variant]:
        """By each variant that the claims read the one with the same weights that is asked."""
        base = open_weights(base_folder(load_registry().model(session().runs[self.run].model)))
        shapes = {(m, n) for m, n in map(base.shape, module_names(base))}
        read = {v for claim in self.claims for v in claim.variants(self.steps)}
        return {variant: canonical(variant, self.steps, shapes) for variant in read}

    @cached_property
    def answers(self) -> Answers:
        """What these variants answered."""
        # In the session's order, as that of a set is not the same in every process.
        kept = set(self.kept_as.values())
        order = {score.variant: n for n, score in enumerate(session().scores_of(self.run))}
        return Answers.of(self.run, sorted(kept, key=lambda variant: order[variant.label]))

    def asked(self, looks: Mapping[str, int], *, once: bool) -> int:
        """The looks at all variants together, each as many as the last of its claims takes.

        Args:
            looks: by claim how many it takes.
            once: whether variants with the same weights are asked once.
        """
        taken: dict[Variant, int] = {}
        for claim in self.claims:
            for variant in claim.variants(self.steps):
                asked = self.kept_as[variant] if once else variant
                taken[asked] = max(taken.get(asked, 0), looks[claim.id])
        return sum(taken.values())


@dataclass(frozen=True)
class Session:
    """What a simulated session takes by one way: by claim the look that settles it, if any does."""

    settled: Mapping[str, int | None]
    planned: Sequence[int]

    @property
    def looks(self) -> Mapping[str, int]:
        """By claim how many looks it takes: all of them where it stays open."""
        return {claim: look or len(self.planned) for claim, look in self.settled.items()}

    @property
    def share(self) -> float:
        """The share of claims that are settled in the end."""
        return float(np.mean([look is not None for look in self.settled.values()]))


def tables(repetitions: int = 100) -> list[str]:
    """One row for each run, schedule and way."""
    rows = []
    for run in RUNS:
        lane = Lane(run)
        for looks, batch in SCHEDULES:
            found = simulate(lane, planned_samples(batch, looks), repetitions)
            asked = {
                (way, once): batch * np.mean([lane.asked(s.looks, once=once) for s in sessions])
                for way, sessions in found.items()
                for once in (False, True)
            }
            today = asked["Bonferroni", False]
            for way, sessions in found.items():
                of_a_claim = batch * np.mean([list(s.looks.values()) for s in sessions])
                rows.append(
                    [
                        f"{run}, {len(lane.claims)} claims",
                        f"{looks} × {batch}",
                        way,
                        percent(float(np.mean([s.share for s in sessions])), 0),
                        f"{of_a_claim:.1f}",
                        f"{asked[way, False]:.0f}",
                        f"{today / asked[way, False]:.2f}",
                        f"{today / asked[way, True]:.2f}",
                    ]
                )
    headers = ["nano lane", "looks × samples", "way", "settled", "samples of a claim"]
    headers += ["of all variants", "Bonferroni / this", "and the same weights once"]
    return [markdown(rows, headers)]


def simulate(
    lane: Lane, planned: Sequence[int], repetitions: int
) -> Mapping[str, Sequence[Session]]:
    """Sessions by way; all ways see the same answers.

    Args:
        lane: the run and its claims.
        planned: the samples to each question at each look.
        repetitions: how many sessions.
    """
    rng = np.random.default_rng(1)
    found: dict[str, list[Session]] = {way: [] for way in WAYS}
    for _ in range(repetitions):
        answers = lane.answers.more(planned[-1], rng)
        settled: dict[str, dict[str, int | None]] = {
            way: dict.fromkeys(claim.id for claim in lane.claims) for way in WAYS
        }
        for number, count in enumerate(planned, start=1):
            look = _Look(lane, answers[:, :count])
            for claim in lane.claims:
                still = [way for way in WAYS if settled[way][claim.id] is None]
                for way in look.settled(claim, planned, still) if still else ():
                    settled[way][claim.id] = number
        for way in WAYS:
            found[way].append(Session(settled[way], planned))
    return found


@dataclass(frozen=True, eq=False)
class _Look:
    """What a session sees after some samples: (n, samples, variants) right or not."""

    lane: Lane
    right: np.ndarray

    def settled(self, claim: Claim, planned: Sequence[int], ways: Iterable[str]) -> list[str]:
        """The ways by which the number excludes the claim's line, or its weaker one."""
        values = self._numbers(claim, self._resampled)
        if not np.isfinite(values).all():  # a checkpoint answers nothing in some resample
            return []
        analysis = this_analysis(
            planned,
            self.right.shape[1],
            values,
            lambda: self._numbers(claim, self._of_answers),
        )
        first, df = np.moveaxis(values, -1, 0), degrees_of_freedom(self.lane.answers.tasks)
        lines = [claim.threshold, *([claim.practical] if claim.practical else [])]

        def excludes(way: Way) -> bool:
            def ends(confidence: float) -> tuple[np.ndarray, np.ndarray]:
                level = way(analysis, len(planned), 1 - confidence)
                return percentile_interval(first, df, 1 - level)

            low, high = interval(ends, claim.extremes, CONFIDENCE)
            return any(line.holds(low, high) or line.fails(low, high) for line in lines)

        return [name for name in ways if excludes(WAYS[name])]

    def _numbers(self, claim: Claim, means: Means) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return claim.statistic(means, self.lane.steps)

    @cached_property
    def _resampled(self) -> Means:
        weights = resampling_weights(self.lane.answers.tasks, RESAMPLES)
        return self._means(weights @ self.right.mean(axis=1))

    @cached_property
    def _of_answers(self) -> Means:
        weights = of_answers(tuple(self.lane.answers.tasks), self.right.shape[1])
        return self._means(weights @ self.right.reshape(weights.shape[1], -1))

    def _means(self, means: np.ndarray) -> Means:
        """By every variant (B,), from (B, variants) of those that are asked."""
        of = dict(zip(self.lane.answers.variants, means.T, strict=True))
        return {variant: of[kept] for variant, kept in self.lane.kept_as.items()}
