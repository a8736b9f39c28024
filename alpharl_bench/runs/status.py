"""How far the runs are that are trained here, by what the cache holds of them; loads no torch."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from alpharl_bench.cache import cache_root
from alpharl_bench.registry import Registry, RunEntry
from alpharl_bench.runs.bases import parameter_count
from alpharl_bench.runs.digests import run_digest
from alpharl_bench.runs.disk import folder_bytes, run_bytes
from alpharl_bench.training.history import last_whole_checkpoint, step_of

#: Written when the last checkpoint is: the sign that a run is whole.
DONE = "run.json"

State = Literal["trained", "interrupted", "not trained"]


@dataclass(frozen=True)
class TrainingStatus:
    """How far a run is: its folder, and the step of its last whole checkpoint, 0 without one."""

    folder: Path
    state: State
    step: int


def training_status(entry: RunEntry, registry: Registry) -> TrainingStatus:
    """How far a run is."""
    folder = run_folder(entry, run_digest(entry, registry))
    last = last_whole_checkpoint(folder)
    if last is None:
        return TrainingStatus(folder, "not trained", 0)
    whole = (folder / DONE).is_file()
    return TrainingStatus(folder, "trained" if whole else "interrupted", step_of(last))


def training_record(folder: Path) -> dict[str, Any]:
    """What is noted of a whole run: its name, digest, steps and time; empty for any other."""
    path = folder / DONE
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return record


def run_folder(entry: RunEntry, digest: str) -> Path:
    """Where a run's checkpoints are cached."""
    return cache_root() / "runs" / f"{entry.name}-{digest}"


def untrained(entries: Sequence[RunEntry], registry: Registry) -> list[RunEntry]:
    """The runs that are not trained, with the teachers that they lack: each after its teacher."""
    lacking: dict[str, RunEntry] = {}
    for entry in entries:
        if training_status(entry, registry).state != "trained":
            teacher = registry.teacher(entry)
            if isinstance(teacher, RunEntry):
                lacking |= {run.name: run for run in untrained([teacher], registry)}
            lacking[entry.name] = entry
    return list(lacking.values())


def last_step(entry: RunEntry, registry: Registry) -> int:
    """The number of optimizer steps of a whole run."""
    steps: int = registry.algorithms[entry.algorithm].config_in(entry.regime).get("max_steps", 0)
    return steps


def missing_bytes(entry: RunEntry, registry: Registry) -> int:
    """About how many bytes the cache will grow by while the run trains; 0 for a trained one.

    What its base and its teacher take is not counted.
    """
    now = training_status(entry, registry)
    if now.state == "trained":
        return 0
    checkpoints = registry.algorithms[entry.algorithm].checkpoints
    parameters = parameter_count(registry.model(entry.model))
    wanted = run_bytes(parameters, checkpoints, training=True)
    return max(0, wanted - folder_bytes(now.folder))
