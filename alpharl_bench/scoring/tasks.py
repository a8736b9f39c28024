"""lm-eval tasks as a sampling asks for them: written once per sampling, then only read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alpharl_bench.cache import cache_root, content_key, locked, whole_folder
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.extras import requiring
from alpharl_bench.grading import Kind, grade
from alpharl_bench.library_logging import no_bars, quiet_libraries
from alpharl_bench.problems import FAMILIES, held_out_problems
from alpharl_bench.scoring.catalogue import FOLDER, benchmarks
from alpharl_bench.scoring.prompts import TEMPLATES
from alpharl_bench.scoring.questions import local_file
from alpharl_bench.scoring.sampling import Sampling
from alpharl_bench.scoring.score import Asked, Responses

with requiring("score"):
    import lm_eval
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks import TaskManager
    from lm_eval.tasks.manager import TaskDict


@dataclass(frozen=True)
class Question:
    """One question: its task and id, how its answer is graded, and the text that is put."""

    task: str
    id: str
    kind: Kind
    answer: str
    prompt: str


@dataclass(frozen=True)
class Tasks:
    """What lm-eval is to run.

    ``indices`` are the questions of every task that are asked, None for all of them.
    """

    loaded: TaskDict
    indices: dict[str, list[int]] | None

    def __iter__(self) -> Iterator[ConfigurableTask]:
        return iter(self.loaded["tasks"].values())

    @property
    def max_tokens(self) -> int:
        """The longest response that any task allows."""
        return max(int(task.config.generation_kwargs["max_gen_toks"]) for task in self)

    def limit(self, tokens: int) -> None:
        """Allow no response to be longer."""
        for task in self:
            allowed = min(tokens, int(task.config.generation_kwargs["max_gen_toks"]))
            task.set_config("generation_kwargs", {"max_gen_toks": allowed}, update=True)

    def prompts(self) -> Iterator[tuple[str, str]]:
        """Every question of every task as it is put, with its task's name."""
        for task in self:
            for doc in task.test_docs():
                yield task.task_name, task.doc_to_text(doc)

    @property
    def temperature(self) -> float:
        """Of sampled responses."""
        return max(float(task.config.generation_kwargs["temperature"]) for task in self)

    @property
    def stops(self) -> set[str]:
        """The texts that end a response."""
        return {text for task in self for text in task.config.generation_kwargs["until"]}

    def asked(self) -> Iterator[Question]:
        """Every question that is asked, in the order of the tasks."""
        for task in self:
            docs = task.test_docs()
            name = task.task_name
            for index in self.indices[name] if self.indices else range(len(docs)):
                doc = docs[index]
                yield Question(name, doc["id"], doc["kind"], doc["answer"], task.doc_to_text(doc))

    def ask(self, lm: Any, *, chat: bool) -> Asked:
        """Sample and grade the responses of a model."""
        with no_bars():
            results = lm_eval.evaluate(
                lm=lm,
                task_dict=self.loaded,
                samples=self.indices,
                apply_chat_template=chat,
                bootstrap_iters=0,
            )
        samples: dict[str, list[dict[str, Any]]] = results["samples"]
        return Asked(
            {
                task: {sample["doc"]["id"]: _graded(sample) for sample in found}
                for task, found in samples.items()
            }
        )


def load_tasks(sampling: Sampling) -> Tasks:
    """The tasks of a sampling.

    Raises:
        AlphaRLBenchError: the questions of a benchmark cannot be had.
    """
    with quiet_libraries(), no_bars():
        manager = TaskManager(include_path=str(write_tasks(sampling)), include_defaults=False)
        loaded = manager.load(list(sampling.tasks))
    tasks = Tasks(loaded, None)
    for task in tasks:
        own = FAMILIES[task.task_name].tokens if task.task_name in FAMILIES else None
        changed = {
            "temperature": sampling.temperature,
            "max_gen_toks": sampling.max_tokens or own,
        }
        task.set_config(
            "generation_kwargs", {k: v for k, v in changed.items() if v is not None}, update=True
        )
    if sampling.questions is None:
        return tasks
    indices = {
        task.task_name: _drawn(task.task_name, len(task.test_docs()), sampling) for task in tasks
    }
    return Tasks(loaded, indices)


def write_tasks(sampling: Sampling) -> Path:
    """The folder with one lm-eval YAML per task, and the questions of the families of arithmetic.

    Their questions are held out from all training (see :mod:`alpharl_bench.problems.split`).
    Questions of benchmarks are read where they are.
    """
    # The files name others by where they lie: of a package or of questions that have moved since
    # they are written again.
    places = content_key(
        package=str(FOLDER), data=str(sampling.data_dir and sampling.data_dir.resolve())
    )
    folder = cache_root() / "tasks" / f"{sampling.key}-{places}"
    with locked(folder):
        if not folder.is_dir():
            with whole_folder(folder) as scratch:
                for task in sampling.tasks:
                    content = (
                        _family(scratch, folder, task, sampling)
                        if task in FAMILIES
                        else _benchmark(task, sampling)
                    )
                    # JSON is YAML.
                    text = json.dumps(content | _sampled(sampling), indent=1)
                    (scratch / f"{task}.yaml").write_text(text, encoding="utf-8")
    return folder


def _family(scratch: Path, folder: Path, family: str, sampling: Sampling) -> dict[str, Any]:
    if sampling.questions is None:
        raise ValueError("a family of arithmetic has no end: say how many questions")
    skip = sampling.questions if sampling.split == "validation" else 0
    problems = held_out_problems(family, sampling.questions, sampling.seed, skip)
    lines = (
        json.dumps(
            {
                "id": f"{family}/{p.prompt}",
                "question": p.prompt,
                "answer": FAMILIES[family].gold(p),
                "kind": FAMILIES[family].kind,
                "worked": p.worked_solution if FAMILIES[family].kind != "number" else "",
            }
        )
        for p in problems
    )
    (scratch / f"{family}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {
        "include": str(FOLDER / "_nano.yaml"),
        "task": family,
        "dataset_kwargs": {"data_files": {"test": str(folder / f"{family}.jsonl")}},
    }


def _benchmark(name: str, sampling: Sampling) -> dict[str, Any]:
    benchmark = benchmarks()[name]
    # Beside lm-eval's own tasks its name has a prefix; here it is alone and has the short one.
    content: dict[str, Any] = {"include": str(benchmark.file), "task": name}
    if sampling.data_dir is not None:
        file = local_file(benchmark, sampling.data_dir).resolve()
        content |= {
            "dataset_path": "json",
            "dataset_name": None,
            "dataset_kwargs": {"data_files": {"test": str(file)}},
            "test_split": "test",
        }
    return content


def _sampled(sampling: Sampling) -> dict[str, Any]:
    """The keys of a task file that the sampling decides over."""
    keys: dict[str, Any] = {
        "repeats": sampling.samples,
        # Without this filter lm-eval would score the first response only.
        "filter_list": [
            {"name": "all", "filter": [{"function": "take_first_k", "k": sampling.samples}]}
        ],
    }
    if sampling.prompt in TEMPLATES:
        keys["doc_to_text"] = TEMPLATES[sampling.prompt]
    return keys


def _drawn(task: str, total: int, sampling: Sampling) -> list[int]:
    """The indices of the questions that are asked: the same for every variant and engine."""
    wanted = sampling.questions or total
    if sampling.arithmetic or (wanted >= total and sampling.split == "test"):
        return list(range(total))  # all that were made, or that there are
    drawn = np.random.default_rng(sampling.seed).choice(total, min(wanted, total), replace=False)
    if sampling.split == "test":
        return sorted(drawn.tolist())
    left = np.setdiff1d(np.arange(total), drawn)
    if len(left) < wanted:
        raise AlphaRLBenchError(
            f"--questions {wanted}: task '{task}' has {total}, which leaves {len(left)} to choose "
            f"anything by; ask for at most {total // 2}"
        )
    other = np.random.default_rng([sampling.seed, 1]).choice(left, wanted, replace=False)
    return sorted(other.tolist())


def _graded(sample: dict[str, Any]) -> Responses:
    (responses,) = sample["resps"]
    # Graded by the task's metric already: the grades are remembered, not made again.
    grades = grade(sample["doc"]["kind"], sample["doc"]["answer"], responses)
    worked = sample["doc"].get("worked", "")
    return Responses(
        marks="".join(g.mark for g in grades),
        answers=tuple(g.form for g in grades),
        exact="".join(str(int(text.strip() == worked)) for text in responses) if worked else "",
    )
