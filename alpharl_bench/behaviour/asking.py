"""The questions of a run as token sequences, put to the loaded model of an engine."""

from collections.abc import Sequence
from dataclasses import dataclass

from alpharl_bench.behaviour.chains import Chain
from alpharl_bench.behaviour.divergence import Diverged
from alpharl_bench.behaviour.measurements import Chains, Continuation, Divergence, TeacherForced
from alpharl_bench.behaviour.prefixes import cut_at
from alpharl_bench.behaviour.readers import reader_of
from alpharl_bench.behaviour.reading import Read
from alpharl_bench.cache import content_key
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.grading import grade_all
from alpharl_bench.scoring.drawing import put
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.scoring.sampling import Sampling
from alpharl_bench.scoring.tasks import Question, Tasks


@dataclass(frozen=True)
class Continued:
    """A chain and how many of its tokens were given."""

    chain: Chain
    given: int


class Asking:
    """Puts the questions to variants of a run, through an engine.

    Args:
        engine: the engine with the run's base loaded.
        sampling: the questions and how they are sampled.

    Raises:
        AlphaRLBenchError: games are asked: a match is no chain of thought.
    """

    def __init__(self, engine: ScoringEngine, sampling: Sampling) -> None:
        tasks = engine.questions
        if not isinstance(tasks, Tasks):
            raise AlphaRLBenchError(
                f"--tasks {','.join(sampling.tasks)}: a match has no chain of thought to read; "
                "name tasks with questions"
            )
        self._tasks, self._sampling = tasks, sampling
        self._reader = reader_of(engine)
        self.questions = list(tasks.asked())
        lm = engine.backend.lm
        self._decode = lm.tokenizer.decode
        chat = sampling.prompt == "chat"
        self.prompts = [put(lm, question, chat=chat) for question in self.questions]
        known = lm.tokenizer.get_vocab()
        named = (known[text] for text in tasks.stops if text in known)
        self._stops = {lm.eot_token_id, *engine.backend.ends, *named}

    def respond(self, wanted: Chains) -> list[Chain]:
        """A response to every question."""
        temperatures = {"greedy": 0.0, "sampled": self._temperature, "untempered": 1.0}
        tokens = self._reader.go_on(
            wanted.writer,
            self.prompts,
            [self._tasks.max_tokens] * len(self.prompts),
            self._stops,
            temperatures[wanted.how],
            [self._seed(question) for question in self.questions],
        )
        return self._graded(tokens)

    def read(self, wanted: TeacherForced, chains: Sequence[Chain]) -> list[Read]:
        """How the reader finds a chain behind every question."""
        tokens = [chain.tokens for chain in chains]
        return self._reader.read(wanted.reader, self.prompts, tokens)

    def compare(self, wanted: Divergence, chains: Sequence[Chain]) -> list[Diverged]:
        """How far the reader is from the writer of chains behind every question."""
        tokens = [chain.tokens for chain in chains]
        return self._reader.compare(wanted.chains.writer, wanted.reader, self.prompts, tokens)

    def go_on(self, wanted: Continuation, chains: Sequence[Chain]) -> list[Continued]:
        """What the reader makes of the cut chains; what is whole already is not generated again."""
        given = [
            cut_at(wanted.cut, len(chain.tokens), question.id)
            for chain, question in zip(chains, self.questions, strict=True)
        ]
        open_ones = [i for i, n in enumerate(given) if n < len(chains[i].tokens)]

        tokens = [list(chain.tokens) for chain in chains]
        if open_ones:
            continued = self._reader.go_on(
                wanted.reader,
                [[*self.prompts[i], *chains[i].tokens[: given[i]]] for i in open_ones],
                [self._tasks.max_tokens - given[i] for i in open_ones],
                self._stops,
                0.0,
                [],
            )
            for i, more in zip(open_ones, continued, strict=True):
                tokens[i] = [*chains[i].tokens[: given[i]], *more]
        graded = self._graded(tokens)
        return [Continued(chain, n) for chain, n in zip(graded, given, strict=True)]

    @property
    def _temperature(self) -> float:
        asked = self._sampling.temperature
        return self._tasks.temperature if asked is None else asked

    def _seed(self, question: Question) -> int:
        key = content_key(seed=self._sampling.seed, task=question.task, question=question.id)
        return int(key, 16) % 2**63

    def _graded(self, tokens: Sequence[Sequence[int]]) -> list[Chain]:
        texts = [self._decode(list(chain), skip_special_tokens=True) for chain in tokens]
        grades = grade_all(
            (question.kind, question.answer, [text])
            for question, text in zip(self.questions, texts, strict=True)
        )
        return [
            Chain(tuple(chain), text, grade.mark, grade.form)
            for chain, text, (grade,) in zip(tokens, texts, grades, strict=True)
        ]
