"""lm-eval tasks over local question files: written once per sampling, then only read."""

import json
from pathlib import Path

from lm_eval.tasks import TaskManager
from lm_eval.tasks.manager import TaskDict

from alpharl_bench.cache import cache_root, locked, whole_folder
from alpharl_bench.problems import FAMILIES, held_out_problems
from alpharl_bench.scoring.sampling import TEMPLATE, Sampling


def write_tasks(sampling: Sampling) -> Path:
    """The folder with one lm-eval YAML and one question file per family.

    The questions are held out from all training (see :mod:`alpharl_bench.problems.split`).
    """
    folder = cache_root() / "tasks" / sampling.key
    with locked(folder):
        if not folder.is_dir():
            with whole_folder(folder) as scratch:
                for family in FAMILIES:
                    _write_task(scratch, folder, family, sampling)
    return folder


def load_tasks(sampling: Sampling) -> TaskDict:
    """The nano lane's tasks, one per family, as lm-eval takes them."""
    manager = TaskManager(include_path=str(write_tasks(sampling)), include_defaults=False)
    return manager.load(list(FAMILIES))


def _write_task(scratch: Path, folder: Path, family: str, sampling: Sampling) -> None:
    problems = held_out_problems(family, sampling.questions, sampling.seed)
    lines = (
        json.dumps({"id": f"{family}/{p.prompt}", "prompt": p.prompt, "answer": p.answer})
        for p in problems
    )
    (scratch / f"{family}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    task = {
        "include": str(TEMPLATE),
        "task": family,
        "dataset_kwargs": {"data_files": {"test": str(folder / f"{family}.jsonl")}},
        "repeats": sampling.samples,
        # Without this filter lm-eval would score the first response only.
        "filter_list": [
            {
                "name": "all",
                "filter": [{"function": "take_first_k", "k": sampling.samples}],
            }
        ],
    }
    # JSON is YAML.
    (scratch / f"{family}.yaml").write_text(json.dumps(task, indent=1), encoding="utf-8")
