"""Runs of the registry: trained when first opened, from the cache afterwards.

Nothing here imports torch before something is to be trained or opened: a list of runs is fast.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from alpharl_bench.cache import locked, write_whole
from alpharl_bench.extras import requiring
from alpharl_bench.problems import NANO_FAMILIES
from alpharl_bench.registry import Registry, RunEntry
from alpharl_bench.runs.bases import (
    base_folder,
    base_network,
    bases_of,
    is_built,
    parameter_count,
)
from alpharl_bench.runs.digests import run_digest
from alpharl_bench.runs.disk import PARAMETER, require_space, run_bytes
from alpharl_bench.runs.source import OpenedRun, RunInfo
from alpharl_bench.runs.status import (
    DONE,
    last_step,
    missing_bytes,
    run_folder,
    training_status,
    untrained,
)
from alpharl_bench.training.history import figure


@dataclass(frozen=True)
class TrainedRun:
    """A run that is trained here by its recipe.

    Args:
        entry: the run.
        registry: the registry with its recipe.
    """

    entry: RunEntry
    registry: Registry = field(repr=False)
    public = False

    def digest(self) -> str:
        """By base, recipe, seed and libraries: it is known before anything is there."""
        return run_digest(self.entry, self.registry)

    def info(self) -> RunInfo:
        """What is known of it before it is trained."""
        # Imported here: a network is made, without weights, to know its size.
        from alpharl_bench.checkpoints import size_of  # noqa: PLC0415

        entry, registry = self.entry, self.registry
        last = last_step(entry, registry)
        count = registry.algorithms[entry.algorithm].checkpoints
        to_train = untrained([entry], registry)
        to_make = [model for model in bases_of(entry, registry) if not is_built(model)]
        return RunInfo(
            steps=tuple(last // count * place for place in range(1, count + 1)),
            size=size_of(lambda: base_network(registry.model(entry.model))),
            stored=PARAMETER,
            digest=self.digest(),
            to_train=sum(
                last_step(run, registry) - training_status(run, registry).step for run in to_train
            ),
            training=(
                sum(missing_bytes(run, registry) for run in to_train)
                + sum(run_bytes(parameter_count(model), 1) for model in to_make)
            ),
            wheel=sum(model.wheel.size for model in to_make if model.wheel is not None),
        )

    def open(self) -> OpenedRun:
        """Its checkpoints; trains it first, or goes on training it, if the cache lacks them.

        One process trains, others that ask for the same run wait for it.

        Raises:
            AlphaRLBenchError: the recipe is wrong, or there is no room for the run.
        """
        from alpharl_bench.checkpoints import open_run  # noqa: PLC0415

        base, digest = base_folder(self.registry.model(self.entry.model)), self.digest()
        folder = run_folder(self.entry, digest)
        with locked(folder):
            if not (folder / DONE).is_file():
                self._train(base, folder)
        return OpenedRun(open_run(folder, base, name=self.entry.name), digest)

    def _train(self, base: Path, folder: Path) -> None:
        # Imported here: TRL takes seconds to load, a cached run needs none of it.
        from alpharl_bench.spectral.threads import one_thread_per_matrix  # noqa: PLC0415
        from alpharl_bench.training.checkpoint_pruner import (  # noqa: PLC0415
            CheckpointPruner,
            drop_states,
            seconds_taken,
        )
        from alpharl_bench.training.progress import ProgressBar  # noqa: PLC0415

        with requiring("train"):
            from alpharl_bench.training.train import train  # noqa: PLC0415

        entry, registry = self.entry, self.registry
        algorithm = registry.algorithms[entry.algorithm]
        require_space(missing_bytes(entry, registry), f"run '{entry.name}'")
        folder.mkdir(parents=True, exist_ok=True)
        followers = [
            ProgressBar(f"train {entry.name}", figure(algorithm)),
            CheckpointPruner(folder),
        ]
        # One thread whatever the machine has: the same bits on any number of cores and beside any
        # other training. The cores are for trainings side by side.
        with one_thread_per_matrix():
            train(
                entry,
                algorithm,
                base,
                folder,
                teacher=self._teacher_folder(),
                families=registry.model(entry.model).trained_on or tuple(NANO_FAMILIES),
                callbacks=followers,
            )
        steps = last_step(entry, registry)
        seconds = seconds_taken(folder, steps)
        drop_states(folder)
        record = {
            "run": entry.name,
            "digest": self.digest(),
            "steps": steps,
            "seconds": seconds,
            "steps_per_second": round(steps / seconds, 3) if seconds else None,
        }
        write_whole(folder / DONE, json.dumps(record))

    def _teacher_folder(self) -> Path | None:
        """The weights of its teacher; one that is a run is trained first, if it is not yet."""
        teacher = self.registry.teacher(self.entry)
        if isinstance(teacher, RunEntry):
            return TrainedRun(teacher, self.registry).open().run.final.path
        return None if teacher is None else base_folder(teacher)
