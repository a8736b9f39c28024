"""One run from the registry to its evidence: trained, decomposed and scored when asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import TypeAdapter

from alpharl_bench.baselines import BASELINES, Baselines, Biases, DecodingSelection, Drawn, fit
from alpharl_bench.baselines.bias import ROUNDS, SAMPLES
from alpharl_bench.behaviour import Behaviour, Measurement
from alpharl_bench.behaviour.measurements import variants_of
from alpharl_bench.cache import (
    cache_root,
    content_key,
    file_digest,
    locked,
    unmade,
    write_whole,
)
from alpharl_bench.checkpoints import Run, compare, module_names, open_weights
from alpharl_bench.checkpoints.config import load_tokenizer
from alpharl_bench.checkpoints.ephemeral import with_ephemeral_weights
from alpharl_bench.claims import Claim, Learning, Verdict, judge, learning
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.claims.required import baselines_required, requirements_of
from alpharl_bench.decoding import AS_ASKED, Decoding
from alpharl_bench.device import resolved_device
from alpharl_bench.dynamics import ModuleDynamics, dynamics
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.executor import LOCAL, Executor
from alpharl_bench.forecast.selection import Forecasts, TargetSelection
from alpharl_bench.grading import Mark
from alpharl_bench.keys import made_by, product_key
from alpharl_bench.progress import progress_bar
from alpharl_bench.runs.source import OpenedRun
from alpharl_bench.runs.spec import RunSpec
from alpharl_bench.scoring import EngineOptions, Sampling, Score, ScoreStore
from alpharl_bench.scoring.canonical import canonical
from alpharl_bench.scoring.encoding import encoding_of
from alpharl_bench.scoring.pace import Effort, note_effort, pace_folder
from alpharl_bench.scoring.sampling import Split
from alpharl_bench.scoring.sequential import planned_samples
from alpharl_bench.spectral import Coverage, coverage
from alpharl_bench.tables import Query, Requirements, table, union
from alpharl_bench.tables.scores import SCORES
from alpharl_bench.variants import BASE, FULL, Variant, full_at
from alpharl_bench.variants.materialise import Change, UpdateSource
from alpharl_bench.windows import ScoredWindow, scored_window, window_modules

if TYPE_CHECKING:
    from alpharl_bench.behaviour.asking import Asking
    from alpharl_bench.scoring.engine import ScoringEngine

Kept = TypeVar("Kept")
#: One batch of samples of a variant on a split: what is scored at a time.
Batch = tuple[Variant, int, Split]
#: Of one player in a match at most (Simple Negotiation has seven turns).
TURNS = 4


@dataclass(frozen=True)
class Options:
    """How runs are measured.

    Args:
        sampling: the questions and the sampling of responses.
        engine: the engine that scores.
        device: the device that decomposes updates: ``auto``, ``cpu`` or ``cuda``.
        interim_analyses: how often a claim's evidence may be analysed; between two analyses every
            variant gets one more batch of as many samples, until the verdict is decided.
        one_checkpoint: whether the disk holds one checkpoint of the Hub at a time.
    """

    sampling: Sampling = field(default_factory=Sampling)
    engine: EngineOptions = field(default_factory=EngineOptions)
    device: str = "cpu"
    interim_analyses: int = 1
    one_checkpoint: bool = False

    @property
    def planned(self) -> tuple[int, ...]:
        """The planned numbers of samples to each question, one for each analysis."""
        return planned_samples(self.sampling.samples, self.interim_analyses)


def behaviour_folder(scores: ScoreStore) -> Path:
    """Where a run's chains of thought are kept: they go with the scores of reported questions."""
    return cache_root() / "behaviour" / product_key("behaviour", scores=scores.folder.name)


class Bench:
    """What can be measured on one run; everything is made once, when first used.

    Args:
        spec: the run.
        options: the settings of the measurement.
        executor: the executor that decomposes checkpoints and scores variants.
    """

    def __init__(self, spec: RunSpec, options: Options, executor: Executor = LOCAL) -> None:
        self.spec = spec
        self._options = options
        self._executor = executor
        self._begun: set[Claim] = set()

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process: the same run, nothing made yet, everything done there."""
        return type(self), (self.spec, self._options)

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.spec.name

    @property
    def run(self) -> Run:
        """Its checkpoints."""
        return self.opened.run

    @property
    def sampling(self) -> Sampling:
        """How it is asked."""
        return self._options.sampling

    @cached_property
    def opened(self) -> OpenedRun:
        """The run's checkpoints; trains or fetches them if they are not on disk."""
        opened = self.spec.source.open()
        if self._options.one_checkpoint:
            return replace(opened, run=with_ephemeral_weights(opened.run))
        return opened

    @cached_property
    def updates(self) -> UpdateSource:
        """The updates and models of the run's variants."""
        return UpdateSource(
            self.run,
            resolved_device(self._options.device),
            forecast=self._forecast,
        )

    def _forecast(self, variant: Variant) -> Change:
        # Not a method of `forecasts` itself: there may be no questions to choose by.
        return self.forecasts.change(variant)

    @cached_property
    def forecasts(self) -> Forecasts:
        """The forecasts of the run from its first part.

        Raises:
            AlphaRLBenchError: all questions are reported, none are left to choose a target by.
        """
        return Forecasts(
            self.run,
            self._validation,
            self._store("validation").folder,
            resolved_device(self._options.device),
        )

    @cached_property
    def baselines(self) -> Baselines:
        """The base decoded in other ways."""
        folder = self._store("validation", of_base=True).folder / product_key("baseline")
        return Baselines(self._fit, self._readable_validation, folder)

    def _fit(self) -> Biases:
        """The bias vector of the base, fitted by its own responses on the validation split."""
        sampling, executor = self._options.sampling, self._executor
        count = sampling.questions
        if count is None:
            raise ValueError("all questions are reported, none are left to fit by")
        return next(found for _, found in executor.results(self, Bench._fitted, [count]))

    def _fitted(self, questions: int) -> Biases:
        total = questions * len(self._options.sampling.tasks)

        def draw(decoding: Decoding, asked: Sequence[int], seed: int) -> list[list[Drawn]]:
            found = self.engine.draw(decoding, asked, SAMPLES, seed, "validation")
            return [[Drawn(one.tokens, one.mark == Mark.RIGHT) for one in row] for row in found]

        with progress_bar(f"fit biases for {self.spec.model}", ROUNDS, "round") as bar:
            return fit(draw, total, bar.update)

    def baseline(self, variant: Variant) -> DecodingSelection:
        """The setting that a baseline was given, chosen by the validation split."""
        return self.baselines.selection(variant)

    def _decoding(self, variant: Variant) -> Decoding:
        return self.baselines.decoding(variant) if variant.kind == "decoded" else AS_ASKED

    @cached_property
    def engine(self) -> "ScoringEngine":
        """The scoring engine, with the run's base loaded."""
        # Imported here: lm-eval takes seconds to load, and cached scores need none of it.
        from alpharl_bench.scoring.engine import ScoringEngine  # noqa: PLC0415

        return ScoringEngine(
            self.run,
            self.opened.digest,
            self.updates,
            self._options.sampling,
            self._options.engine,
            self._decoding,
        )

    def close(self) -> None:
        """Give back what the engine holds, if one was started."""
        if "engine" in self.__dict__:
            self.engine.close()

    @cached_property
    def learning(self) -> Learning:
        """Whether the run learned; samples are added while it did not and analyses are left."""
        for batches in range(1, self._options.interim_analyses + 1):
            learned = learning(self.references(batches), self._options.planned)
            if not learned.failed:
                break
        return learned

    def references(self, batches: int) -> Evidence:
        """The scores of the base and of the fully trained model alone."""
        query = Query(variants=(BASE, FULL), batches=batches)
        return self._evidence({SCORES.name: [query]})

    def judge(self, claim: Claim, goes_on: Callable[[int], bool] = lambda _: True) -> Verdict:
        """The verdict on a claim; samples are added while it is open and analyses are left.

        Args:
            claim: the claim.
            goes_on: whether the analysis of that number is begun, from 2.
        """
        for batches in range(1, self._options.interim_analyses + 1):
            if batches > 1 and not goes_on(batches):
                break
            evidence = self.evidence({claim: batches})
            verdict = judge(claim, evidence, self._options.planned)
            if not claim.sampled or verdict.settled:
                break
        return verdict

    def scores(self, batches: Mapping[Variant, int], split: Split = "test") -> dict[str, Score]:
        """The scores of variants by label, each over as many batches as asked for.

        Those that the cache lacks are made now. Each is kept as soon as it is there: a killed
        session goes on where it stood. Variants with the same weights are scored once.
        """
        kept_as = {variant: self._kept_as(variant) for variant in batches}
        counts: dict[Variant, int] = {}
        for variant, count in batches.items():
            counts[kept_as[variant]] = max(count, counts.get(kept_as[variant], 0))
        # By the checkpoint: what one is read for is done before the next one takes its place.
        order = sorted(counts, key=lambda variant: self.run.at(variant.step).step)
        stores = {decoded: self._store(split, of_base=decoded) for decoded in (False, True)}
        for decoded, store in stores.items():
            wanted = [
                (variant, batch, split)
                for variant in order
                if (variant.kind == "decoded") == decoded
                for batch in range(counts[variant])
            ]
            if missing := self._missing(store, wanted):
                self._score(store, missing)
        return {
            variant.label: self._renamed(
                stores[variant.kind == "decoded"].load(kept_as[variant], count), variant
            )
            for variant, count in batches.items()
        }

    def _renamed(self, score: Score, variant: Variant) -> Score:
        """A score that was kept under another variant's name, or under that of another run."""
        own = {"run": self.name, "run_digest": self.opened.digest}
        origin = score.provenance.model_copy(update=own if variant.kind == "decoded" else {})
        return score.model_copy(update={"variant": variant.label, "provenance": origin})

    @staticmethod
    def _missing(store: ScoreStore, wanted: Iterable[Batch]) -> list[Batch]:
        return [one for one in wanted if not store.path(*one[:2]).is_file()]

    def _score(self, store: ScoreStore, missing: Sequence[Batch]) -> None:
        """Score what nobody else is scoring, then wait for what others were.

        So sessions with one cache share the variants of a run.
        """
        self.decompose([variant for variant, _, _ in missing])
        paths = {one: store.path(*one[:2]) for one in missing}
        with progress_bar(f"score {self.spec.name}", len(missing), "variant") as bar:
            for some in unmade(paths, together=self._executor.parallel):
                for one, (score, effort) in self._executor.results(self, _scored, some):
                    if one[0].kind != "decoded":  # Of the base, which other runs share.
                        self._refuse_another(score)
                    store.save(one[0], score)
                    note_effort(self._pace_folder, paths[one], effort)
                    bar.update()

    @property
    def _pace_folder(self) -> Path:
        return pace_folder(self.spec.model, self._options.sampling, self._options.engine)

    def _refuse_another(self, score: Score) -> None:
        """A worker on another host may find another run under the same name."""
        if score.provenance.run_digest != self.opened.digest:
            raise AlphaRLBenchError(
                f"run '{self.spec.name}': a worker found other weights than are here; all hosts "
                "need the same files at the same place"
            )

    def decompose(self, variants: Iterable[Variant]) -> None:
        """Decompose the checkpoints that variants are made from, several at a time.

        Where work is not done in parallel that is left until they are asked for: all checkpoints
        together, for which the base is read once.
        """
        if not self._executor.parallel:
            return
        by_step: dict[int, list[Variant]] = {}
        for variant in filter(attrgetter("low_rank"), variants):
            by_step.setdefault(self.run.at(variant.step).step, []).append(variant)
        if not by_step:
            return
        with progress_bar(f"decompose {self.spec.name}", len(by_step), "checkpoint") as bar:
            for _ in self._executor.results(self, _decomposed, list(by_step.values())):
                bar.update()

    def prefetch(self, claims: Iterable[Claim]) -> None:
        """Make what claims require of the first batch, all at once where that is done in parallel.

        What cannot be made is an error of the claim that asks for it.
        """
        new = set(claims) - self._begun
        if not (self._executor.parallel and new):
            return
        self._begun |= new
        steps = self.run.steps
        with suppress(AlphaRLBenchError):
            self.make(self._required(dict.fromkeys(new, 1), steps))

    def make(self, required: Requirements) -> None:
        """Make what the cache lacks of triplets and scores, in the order that they build on.

        Candidates of forecasts are scored when their target is selected, which takes none of them
        where the observed accuracies are all alike.
        """
        self.decompose(required.decomposed)
        wanted: dict[Split, dict[Variant, int]] = {"validation": {}, "test": {}}
        for (variant, split), count in required.scores.items():
            if split == "test" or variant.kind == "full":
                wanted[split][variant] = count
        for split, batches in wanted.items():
            if batches:
                self.scores(batches, split)

    def _kept_as(self, variant: Variant) -> Variant:
        """The variant that is scored in place of all that have the same weights."""
        # Both are settled: what goes wrong is said of the one that was asked for.
        same = canonical(self._resolve(variant), self.run.steps, self._shapes)
        return self._resolve(same)

    @cached_property
    def _shapes(self) -> frozenset[tuple[int, int]]:
        """(m, n) of the base's matrices, from the headers of its files."""
        base = open_weights(self.run.base)
        return frozenset((m, n) for m, n in map(base.shape, module_names(base)))

    def _resolve(self, variant: Variant) -> Variant:
        """A variant of which everything is settled that scores of the validation split decide.

        These take the same engine, so not while it holds the variant.
        """
        if variant.kind == "forecast" and variant.candidate is None:
            self.forecasts.selection(variant)
        if variant.kind == "decoded" and variant.candidate is None:
            self.baselines.selection(variant)
        if variant.kind == "window":
            return replace(variant, modules=window_modules(variant, self._ranking))
        return variant

    @cached_property
    def _ranking(self) -> dict[str, float]:
        """The R² of every module, by the accuracies of the checkpoints on the validation split."""
        accuracies = self._validation([full_at(step) for step in self.run.steps])
        return {module.module: module.r_squared for module in self.dynamics(accuracies)}

    def window(self, variant: Variant) -> ScoredWindow:
        """What a window of modules holds."""
        return scored_window(self._resolve(variant), self._ranking, self.updates)

    @property
    def coverage(self) -> Coverage | None:
        """What of the final update the modules hold; None where its weights would be fetched."""
        final = self.run.final
        if not (isinstance(final.location, Path) or final.location.cached()):
            return None
        with suppress(AlphaRLBenchError):  # A checkpoint that does not fit has failed its tests.
            trained = self.updates.factors(None).trained
            modules = compare(self.updates.base, trained).require()
            return None if trained.ephemeral else coverage(self.updates.base, trained, modules)
        return None

    def _store(self, split: Split, *, of_base: bool = False) -> ScoreStore:
        """The scores of the run's variants, or those of its base, which runs of one base share."""
        sampling = replace(self._options.sampling, split=split)
        digest = self.base_digest if of_base else self.opened.digest
        return ScoreStore(digest, sampling, self._options.engine)

    @cached_property
    def base_digest(self) -> str:
        """The content key of the base as it is asked: a run may add to tokenizer and end tokens."""
        asked = encoding_of(self.run, self._options.engine.tokenizer)
        return content_key(
            base=open_weights(self.run.base).digest,
            tokenizer=[file_digest(p) for p in sorted(asked.tokenizer.glob("*token*"))],
            ends=asked.ends,
        )

    def _readable_validation(self, variants: Sequence[Variant]) -> list[float]:
        """The same of readable responses alone."""
        found = self.scores(dict.fromkeys(variants, 1), "validation")
        return [float(np.round(found[variant.label].readable_accuracy, 12)) for variant in variants]

    def _validation(self, variants: Sequence[Variant]) -> list[float]:
        """Accuracies on questions that are not reported, in the first batch."""
        found = self.scores(dict.fromkeys(variants, 1), "validation")
        # Rounded, so that as many right answers tie, whatever the order of the sum.
        return [float(np.round(found[variant.label].accuracy, 12)) for variant in variants]

    @property
    def evaluation(self) -> float:
        """What it costs to score a model once on the validation split, in steps of the training.

        0 where the cost of a step is not known.
        """
        sampling, cost = self._options.sampling, self.spec.step_cost
        if cost is None or sampling.questions is None:
            return 0.0
        turns = TURNS if sampling.kind == "games" else 1
        return len(sampling.tasks) * sampling.questions * sampling.samples * turns / cost

    def evidence(self, batches: Mapping[Claim, int]) -> Evidence:
        """All that judging claims takes, each after its own number of batches."""
        steps = self.run.steps
        self.make(self._required(batches, steps))
        queries: dict[str, list[Query]] = {}
        for claim, count in batches.items():
            query = claim.query(steps, count)
            # Whatever it reads, the variants of its curve are scored.
            for name in {SCORES.name} | {claim.table}:
                queries.setdefault(name, []).append(query)
        count = max((n for claim, n in batches.items() if claim.needs_generation), default=0)
        if count and self.sampling.has_baselines:
            queries[SCORES.name].append(Query(variants=BASELINES, batches=count))
        return self._evidence(queries)

    def _required(self, batches: Mapping[Claim, int], steps: Sequence[int]) -> Requirements:
        parts = [requirements_of(claim, steps, count) for claim, count in batches.items()]
        if self.sampling.has_baselines:
            parts.append(baselines_required(batches, steps))
        return union(parts)

    def _evidence(self, queries: Mapping[str, Sequence[Query]]) -> Evidence:
        return Evidence(
            run=self.name,
            steps=self.run.steps,
            tables={name: table(name).measure(self, wanted) for name, wanted in queries.items()},
            kind=self.spec.kind,
        )

    def selection(self, variant: Variant) -> TargetSelection:
        """The target that a forecast was given, chosen by the validation split."""
        return self.forecasts.selection(variant)

    def behaviour(self, passes: Sequence[Measurement]) -> Behaviour:
        """What is to be read of chains of thought, by a worker where there are some."""
        return next(found for _, found in self._executor.results(self, Bench._behaviour, [passes]))

    def _behaviour(self, passes: Sequence[Measurement]) -> Behaviour:
        """What is to be read of chains of thought."""
        for one in passes:
            for variant in variants_of(one):
                self._resolve(variant)
        # Imported here: it takes what a model takes to load; what is kept is read without one.
        from alpharl_bench.behaviour.measure import Measure  # noqa: PLC0415

        folder = behaviour_folder(self._store("test"))
        title = f"behaviour of {self.spec.name}"
        return Measure(lambda: self._asking, self.text, folder, title).behaviour(passes)

    @cached_property
    def _asking(self) -> "Asking":
        # It takes what a model takes to load, as in _behaviour.
        from alpharl_bench.behaviour.asking import Asking  # noqa: PLC0415

        return Asking(self.engine, self._options.sampling)

    def text(self, token: int) -> str:
        """The text of a token of the base."""
        return str(self._tokenizer.decode([token]))

    @cached_property
    def _tokenizer(self) -> Any:
        return load_tokenizer(self.run.base)

    def dynamics(self, accuracies: Sequence[float]) -> tuple[ModuleDynamics, ...]:
        """How every module moves, by the accuracies of the checkpoints."""
        return self.kept(
            "dynamics",
            TypeAdapter(tuple[ModuleDynamics, ...]),
            lambda: tuple(dynamics(self.updates, accuracies)),
            accuracies=accuracies,
        )

    def kept(
        self, product: str, stored: TypeAdapter[Kept], make: Callable[[], Kept], **inputs: Any
    ) -> Kept:
        """What ``make`` gives, from the cache where this run has it for the same inputs.

        Args:
            product: its name, that of its folder in the cache; where :mod:`alpharl_bench.keys`
                does not know it, the code of the module of ``make`` counts.
            stored: the format in which it is stored.
            make: makes it; one process does, others wait.
            inputs: its inputs other than the run.
        """
        maker = made_by(product, make.__module__)
        key = content_key(made_by=maker, run=self.opened.digest, **inputs)
        path = cache_root() / product / f"{key}.json"
        with locked(path):
            if not path.is_file():
                write_whole(path, stored.dump_json(make()).decode())
        return stored.validate_json(path.read_bytes())


# What a worker does, at its own bench of the same run.


def _scored(bench: Bench, batch: Batch) -> tuple[Score, Effort]:
    return bench.engine.measured_score(*batch)


def _decomposed(bench: Bench, variants: Sequence[Variant]) -> None:
    for variant in variants:
        # Asking for the update has it decomposed, and no module of it is made.
        bench.updates.update(variant)
