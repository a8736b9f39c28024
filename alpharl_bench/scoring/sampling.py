"""How every variant is sampled: the same questions, the same number of responses, one seed."""

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Literal, Self

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.extras import requiring
from alpharl_bench.keys import product_key
from alpharl_bench.problems import NANO_FAMILIES
from alpharl_bench.scoring.catalogue import FOLDER, Kind, benchmarks, kind_of
from alpharl_bench.scoring.prompts import PROMPTS, TEMPLATES, Prompt
from alpharl_bench.scoring.questions import digest, documents

#: What is reported, and what scalars of a method are chosen by. They share no question.
Split = Literal["test", "validation"]


@dataclass(frozen=True)
class Sampling:
    """What is asked of every variant; the defaults are those of the nano lane.

    Args:
        tasks: families of arithmetic, games, or benchmarks of the catalogue: of one kind.
        questions: per task, of a game matches; drawn by the seed; None for all of a benchmark.
        samples: sampled responses per question, at every look at the evidence.
        seed: which questions are drawn, and the sampling of responses.
        prompt: the prompt format.
        temperature: the sampling temperature; by default the tasks' own.
        max_tokens: the maximum length of a response; by default the tasks' own.
        data_dir: a folder with the benchmarks' questions, in place of the Hub.
        split: whether the questions are those that are reported, or as many others. Which ones are
            reported does not depend on it.

    Raises:
        AlphaRLBenchError: a value that nothing can be scored with.
    """

    tasks: tuple[str, ...] = tuple(NANO_FAMILIES)
    questions: int | None = 60
    samples: int = 2
    seed: int = 0
    prompt: Prompt = "plain"
    temperature: float | None = None
    max_tokens: int | None = None
    data_dir: Path | None = None
    split: Split = "test"

    @classmethod
    def of(cls, tasks: tuple[str, ...]) -> Self:
        """How these tasks are sampled where nothing else is asked for.

        Benchmarks as in the paper: all questions, 32 responses to each (§4 of arXiv 2510.00553).
        """
        if kind_of(tasks[0]) == "arithmetic":
            # As many in all as of the six families: of one family alone there are enough.
            return cls(tasks, questions=max(60, 360 // len(tasks)))
        if kind_of(tasks[0]) == "games":
            return cls(tasks)
        return cls(tasks, questions=None, samples=32, prompt="chat")

    def __post_init__(self) -> None:
        """Refuse what cannot be scored."""
        for option, value in (
            ("--questions", self.questions),
            ("--samples", self.samples),
            ("--max-tokens", self.max_tokens),
        ):
            if value is not None and value < 1:
                raise AlphaRLBenchError(f"{option} {value}: ask for at least 1")
        if self.seed < 0:
            raise AlphaRLBenchError(f"--seed {self.seed}: a seed is 0 or more")
        if self.temperature is not None and not 0 < self.temperature <= 10:
            raise AlphaRLBenchError(
                f"--temperature {self.temperature:g}: above 0 (several responses are sampled to "
                "every question) and at most 10"
            )
        if self.prompt not in PROMPTS:
            raise AlphaRLBenchError(f"--prompt {self.prompt}: one of {', '.join(PROMPTS)}")
        if self.kind != "benchmarks" and self.data_dir is not None:
            raise AlphaRLBenchError(
                f"--data-dir {self.data_dir}: {self.kind} is made here; name benchmarks by "
                f"--tasks, as {', '.join(benchmarks())}"
            )
        if self.split == "validation" and self.questions is None:
            raise AlphaRLBenchError(
                "--questions: all questions are scored, none are left to choose anything by; ask "
                "for at most half of the smallest task's"
            )
        if self.kind == "games" and self.prompt in TEMPLATES:
            raise AlphaRLBenchError(
                f"--prompt {self.prompt}: asks for the answer to a problem; games are put by "
                "--prompt plain or chat"
            )

    @property
    def kind(self) -> Kind:
        """What all of the tasks are."""
        return kind_of(self.tasks[0])

    @property
    def arithmetic(self) -> bool:
        """Whether the tasks are families of arithmetic, made here."""
        return self.kind == "arithmetic"

    @property
    def has_baselines(self) -> bool:
        """Whether the base can be decoded in other ways: questions are left to choose these by."""
        if self.kind != "benchmarks" or self.questions is None:
            return self.arithmetic
        return all(2 * self.questions <= self._there(task) for task in self.tasks)

    def _there(self, task: str) -> int:
        """How many questions a benchmark has."""
        benchmark = benchmarks()[task]
        if self.data_dir is None:
            return benchmark.questions
        return len(documents(benchmark, self.data_dir))

    @property
    def _files(self) -> list[Path]:
        """The task files that are read; another benchmark beside them changes nothing."""
        own = [benchmarks()[task].file for task in self.tasks if task in benchmarks()]
        return [*sorted(FOLDER.glob("_*.yaml")), *own]

    def refuse_missing(self) -> None:
        """Refuse to ask where a package that it takes is missing; told before a run is trained.

        Raises:
            AlphaRLBenchError: it is missing.
        """
        with requiring("score"):
            version("lm-eval")
        if self.kind == "games":
            with requiring("games"):
                version("open-spiel")

    @cached_property
    def key(self) -> str:
        """A content key: the questions, how they are put and sampled, and how they are graded.

        Raises:
            AlphaRLBenchError: the questions of a benchmark cannot be had.
        """
        questions = {
            task: digest(benchmarks()[task], self.data_dir)
            for task in self.tasks
            if task in benchmarks()
        }
        return product_key(
            "matches" if self.kind == "games" else "questions",
            tasks=self.tasks,
            content=questions,
            questions=self.questions,
            samples=self.samples,
            seed=self.seed,
            prompt=[self.prompt, TEMPLATES.get(self.prompt)],
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            split=self.split,
            files={path.name: path.read_text(encoding="utf-8") for path in self._files},
        )
