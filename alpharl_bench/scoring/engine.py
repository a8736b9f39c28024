"""Score variants of one run through lm-eval's models, with one base model loaded."""

import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from time import perf_counter
from typing import TypeVar

import torch

from alpharl_bench.cache import content_key
from alpharl_bench.checkpoints import Run
from alpharl_bench.checkpoints.configs import config_notes
from alpharl_bench.decoding import AS_ASKED, Decoding
from alpharl_bench.errors import AlphaRLBenchError, AlphaRLBenchWarning
from alpharl_bench.scoring.backends import open_backend
from alpharl_bench.scoring.drawing import Response, draw
from alpharl_bench.scoring.engines import Backend, EngineOptions
from alpharl_bench.scoring.pace import Effort
from alpharl_bench.scoring.room import Questions, fitted
from alpharl_bench.scoring.sampling import Sampling, Split
from alpharl_bench.scoring.score import Asked, Provenance, Score
from alpharl_bench.scoring.tasks import Tasks, load_tasks
from alpharl_bench.variants import BASE, Variant
from alpharl_bench.variants.materialise import UpdateSource

_PACKAGES = ("alpharl-bench", "lm-eval", "math-verify", "torch", "transformers", "trl")
#: An engine that dies as often on one variant does not die of the size of its batch.
_MAX_DEATHS = 3
_log = logging.getLogger(__name__)
Result = TypeVar("Result")


def _as_asked(_: Variant) -> Decoding:
    return AS_ASKED


class ScoringEngine:
    """One engine, one base, any number of variants.

    Args:
        run: the run whose base is loaded.
        run_digest: the run's content key, kept in every score.
        source: the run's updates.
        sampling: the questions and how they are sampled.
        options: the engine and its settings.
        decoding: says how tokens are chosen where a variant is the base decoded in another way.

    Raises:
        AlphaRLBenchError: the engine does not start, the questions cannot be had, or prompt and
            response do not fit into the model's context.
    """

    def __init__(
        self,
        run: Run,
        run_digest: str,
        source: UpdateSource,
        sampling: Sampling,
        options: EngineOptions | None = None,
        decoding: Callable[[Variant], Decoding] = _as_asked,
    ) -> None:
        self._options = options or EngineOptions()
        self._decoding = decoding
        self._run, self._digest, self._sampling = run, run_digest, sampling
        self._source = source
        questions = _questions(sampling)
        self._questions: dict[Split, Questions] = {sampling.split: questions}
        self._context, capped = fitted(run, questions, sampling, self._options.tokenizer)
        self._notes = (*config_notes(run.base, run.final.beside), *capped)
        _warn(self._notes)
        self.backend = open_backend(self._options, source, self._context)

    def score(self, variant: Variant, look: int = 0, split: Split = "test") -> Score:
        """Sample and grade every question with the variant's weights.

        The same seed for every variant: differences between two of them are paired.

        Args:
            variant: a variant of the run.
            look: every look takes other samples of the same questions.
            split: which questions are put.

        Raises:
            AlphaRLBenchError: a variant cannot be made, or a single response exhausts memory.
        """
        return self.measured_score(variant, look, split)[0]

    def measured_score(
        self, variant: Variant, look: int = 0, split: Split = "test"
    ) -> tuple[Score, Effort]:
        """The same, and what it took."""
        sampling = replace(self._sampling, split=split)
        questions = self._put(sampling)

        def ask(backend: Backend) -> tuple[Asked, int]:
            backend.reseed(_seed(sampling.seed, look))
            before = backend.generated
            asked = questions.ask(backend.lm, chat=sampling.prompt == "chat")
            return asked, backend.generated - before

        begun = perf_counter()
        asked, tokens = self.use_variant(variant, ask)
        seconds = perf_counter() - begun
        _warn(self.backend.notes)
        score = Score(
            variant=variant.label,
            look=look,
            responses=asked.responses,
            kuhn_policy=asked.kuhn_policy,
            provenance=self._provenance(sampling),
        )
        return score, Effort(sum(map(len, score.marks)), tokens, seconds)

    def draw(
        self, decoding: Decoding, questions: Sequence[int], count: int, seed: int, split: Split
    ) -> list[list[Response]]:
        """Sampled responses of the base to some questions, as tokens with their marks.

        Args:
            decoding: how tokens are chosen.
            questions: the places of the questions in the order of the tasks.
            count: how many responses to each.
            seed: the seed of the sampling.
            split: which questions are put.

        Raises:
            AlphaRLBenchError: a single response exhausts memory.
        """
        tasks = self._put(replace(self._sampling, split=split))
        if not isinstance(tasks, Tasks):
            raise TypeError("matches are no questions that a response is drawn to")
        every = list(tasks.asked())
        chosen = [every[place] for place in questions]
        chat = self._sampling.prompt == "chat"

        def work(backend: Backend) -> list[list[Response]]:
            backend.reseed(_seed(self._sampling.seed, seed))
            with backend.decoding(decoding):
                return draw(backend, tasks, chosen, count, chat=chat)

        return self.use_variant(BASE, work)

    def use_variant(self, variant: Variant, work: Callable[[Backend], Result]) -> Result:
        """Do something with the variant's weights.

        When memory runs out the batch is halved, and it is done again from the start.

        Args:
            variant: a variant of the run.
            work: the work done while the backend holds the variant.

        Raises:
            AlphaRLBenchError: a variant cannot be made, or a single response exhausts memory.
        """
        deaths = 0
        # Settled before the engine holds the variant: choosing takes the same engine.
        decoding = self._decoding(variant)
        while True:
            try:
                with self.backend.use_variant(variant), self.backend.decoding(decoding):
                    return work(self.backend)
            except self.backend.dies_with as error:
                deaths += 1
                if deaths == _MAX_DEATHS:
                    raise AlphaRLBenchError(
                        f"scoring '{variant.label}': the engine died {deaths} times; its own words "
                        "are above (VLLM_LOGGING_LEVEL=INFO shows more). If it was memory, ask for "
                        "a smaller --batch-size or shorter responses (--max-tokens)"
                    ) from error
                self._shrink(variant, "the engine died, as when memory runs out,")
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not _out_of_memory(error):
                    raise
                self._shrink(variant, "out of memory")

    @property
    def name(self) -> str:
        """The engine's name, as options have it."""
        return self._options.name

    @property
    def questions(self) -> Questions:
        """The reported questions."""
        return self._put(self._sampling)

    def close(self) -> None:
        """Give back the engine's memory, processes and files."""
        self.backend.close()

    def _put(self, sampling: Sampling) -> Questions:
        """The questions of a split; an engine that is too small for them starts again."""
        if sampling.split not in self._questions:
            questions = _questions(sampling)
            context, _ = fitted(self._run, questions, sampling, self._options.tokenizer)
            if context > self._context:
                self.backend.close()
                self.backend = open_backend(self._options, self._source, context)
                self._context = context
            self._questions[sampling.split] = questions
        return self._questions[sampling.split]

    def _shrink(self, variant: Variant, reason: str) -> None:
        before = self.backend.batch_size
        if before <= 1:
            raise AlphaRLBenchError(
                f"scoring '{variant.label}': {reason} with one response at a time; ask for "
                "shorter ones (--max-tokens) or another --dtype"
            )
        self.backend.shrink()
        _log.warning(
            "%s with batches of %d while scoring '%s': going on with %d",
            reason,
            before,
            variant.label,
            self.backend.batch_size,
        )

    def _provenance(self, sampling: Sampling) -> Provenance:
        return Provenance(
            run=self._run.name,
            run_digest=self._digest,
            sampling_key=sampling.key,
            tasks=sampling.tasks,
            questions_per_task=sampling.questions,
            samples_per_question=sampling.samples,
            seed=sampling.seed,
            prompt=sampling.prompt,
            engine=self._options.name,
            dtype=self._options.dtype,
            device=self.backend.device,
            batch_size=self.backend.batch_size,
            tokenizer=self._options.tokenizer,
            notes=(*self._notes, *self.backend.notes),
            packages={**{name: version(name) for name in _PACKAGES}, **self.backend.packages},
        )


def _questions(sampling: Sampling) -> Questions:
    if sampling.kind == "games":
        # Imported here: TextArena takes seconds to load.
        from alpharl_bench.scoring.games import Matches  # noqa: PLC0415

        return Matches(sampling)
    return load_tasks(sampling)


def _seed(seed: int, look: int) -> int:
    return seed if look == 0 else int(content_key(seed=seed, look=look), 16) % 2**31


def _out_of_memory(error: BaseException) -> bool:
    # torch's allocator of the CPU raises a plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate" in str(error)


def _warn(notes: tuple[str, ...]) -> None:
    for note in notes:
        warnings.warn(note, AlphaRLBenchWarning, stacklevel=3)
