"""The tables of ``alpharl-bench zoo``."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from alpharl_bench.cache import cache_root
from alpharl_bench.formatting import size_text, time_text
from alpharl_bench.registry import Registry, Release, RunEntry
from alpharl_bench.runs.bases import parameter_count
from alpharl_bench.runs.cleaning import Kept
from alpharl_bench.runs.digests import run_digest
from alpharl_bench.runs.disk import CAP_VARIABLE, disk_cap, folder_bytes, free_bytes, run_bytes
from alpharl_bench.runs.status import (
    TrainingStatus,
    last_step,
    training_record,
    training_status,
)
from alpharl_bench.training.history import figure, first_and_last, history

if TYPE_CHECKING:
    from alpharl_bench.runs.spec import RunSpec
    from alpharl_bench.scoring import Sampling, Score

#: Of the cache's folders, in words.
_PARTS = {"runs": "runs", "bases": "pretrained bases", "factors": "decomposed updates"}


def listing(registry: Registry, lane: str | None = None) -> pd.DataFrame:
    """Every run that is trained here, what it costs on disk, how far it is; loads no torch."""
    runs = registry.runs.values() if lane is None else registry.in_lane(lane)
    return pd.DataFrame([_listed(run, registry) for run in runs])


def released(registry: Registry) -> pd.DataFrame:
    """Every public run: where it is, what it takes on disk and of a GPU, what is here of it."""
    return pd.DataFrame([_public(release, registry) for release in registry.released.values()])


def _public(release: Release, registry: Registry) -> dict[str, Any]:
    # Imported here: sizes take transformers, which takes seconds to load.
    from alpharl_bench.plan.cost import context_of, model_bytes
    from alpharl_bench.runs.released import ReleasedRun
    from alpharl_bench.scoring import Sampling
    from alpharl_bench.scoring.catalogue import select

    info = ReleasedRun(release, registry.architectures[release.model]).info()
    context = context_of(info.size, Sampling.of(select(",".join(release.tasks))))
    known = release.steps or release.checkpoints
    return {
        "run": release.name,
        "checkpoints on the Hub": release.run,
        "base": release.base or "its step 0",
        "algorithm": release.algorithm,
        "licence": release.licence or "not seen",
        "parameters": f"{info.size.parameters / 1e9:.2f} B",
        "checkpoints": len(info.steps) if known else "not known",
        "a pair": size_text(2 * info.checkpoint_bytes),
        "all": size_text((1 + len(info.steps)) * info.checkpoint_bytes) if known else "",
        "float32": size_text(model_bytes(info.size, 4, context)),
        "bfloat16": size_text(model_bytes(info.size, 2, context)),
        "here": f"{len(info.cached)} of {len(info.remote)}",
    }


def _listed(run: RunEntry, registry: Registry) -> dict[str, Any]:
    model, algorithm = registry.models[run.model], registry.algorithms[run.algorithm]
    parameters, now = parameter_count(model), training_status(run, registry)
    return {
        "run": run.name,
        "model": run.model,
        "architecture": model.architecture,
        "parameters": f"{parameters / 1e6:.2f} M",
        "algorithm": run.algorithm,
        "regime": run.regime,
        "core": "core" if run.core else "",
        "steps": last_step(run, registry),
        "checkpoints": algorithm.checkpoints,
        "size": size_text(run_bytes(parameters, algorithm.checkpoints)),
        "state": f"interrupted at step {now.step}" if now.state == "interrupted" else now.state,
    }


def status(registry: Registry) -> pd.DataFrame:
    """The trained and interrupted runs: time, size, and what they have learned.

    The figure is the mean of the run's first and of its last tenth of steps. Accuracies, of games
    the shares of matches won, are those that the cache has of how the suites score a run where no
    option asks for anything else.
    """
    found = [(run, training_status(run, registry)) for run in registry.runs.values()]
    return pd.DataFrame([_stands(r, now, registry) for r, now in found if now.step])


def _stands(run: RunEntry, now: TrainingStatus, registry: Registry) -> dict[str, Any]:
    algorithm = registry.algorithms[run.algorithm]
    record = training_record(now.folder)
    name = figure(algorithm)
    learned = first_and_last(history(now.folder), name)
    return {
        "run": run.name,
        "state": now.state,
        "steps": f"{now.step} of {last_step(run, registry)}",
        "time": time_text(record["seconds"]) if "seconds" in record else "",
        "steps/s": f"{record['steps_per_second']:.2f}" if record.get("steps_per_second") else "",
        "size": size_text(folder_bytes(now.folder)),
        "figure": f"{name} {learned[0]:.3f} → {learned[1]:.3f}" if learned else "",
        **_accuracies(run, registry),
    }


def _accuracies(run: RunEntry, registry: Registry) -> dict[str, str]:
    # Imported here: scoring loads torch, and a list of runs does without.
    from alpharl_bench.runs.spec import run_specs
    from alpharl_bench.scoring import EngineOptions, ScoreStore
    from alpharl_bench.variants import BASE, FULL

    lane = run_specs(registry.models[run.model].lane, registry)
    spec = next(spec for spec in lane if spec.name == run.name)
    store = ScoreStore(run_digest(run, registry), _sampling(spec), EngineOptions())
    return {
        column: _accuracy(store.load(variant)) if store.path(variant).is_file() else ""
        for column, variant in (("accuracy of base", BASE), ("accuracy of run", FULL))
    }


def _accuracy(score: "Score") -> str:
    from alpharl_bench.claims import Interval
    from alpharl_bench.scoring import (
        degrees_of_freedom,
        percentile_interval,
        resampling_weights,
    )

    tasks = [task for task, _ in score.questions]
    means = resampling_weights(tasks) @ score.per_question
    low, high = percentile_interval(means, degrees_of_freedom(tasks))
    return str(Interval(score.accuracy, float(low), float(high)))


def _sampling(spec: "RunSpec") -> "Sampling":
    """As the suites score a run where no option says otherwise."""
    from alpharl_bench.scoring import Sampling
    from alpharl_bench.scoring.catalogue import select

    usual = Sampling.of(select(",".join(spec.tasks)))
    return usual if spec.prompt is None else replace(usual, prompt=spec.prompt)


def kept_table(kept: Iterable[Kept]) -> pd.DataFrame:
    """Folders of the cache with their sizes."""
    return pd.DataFrame(
        [
            {"kind": k.kind, "name": k.name, "state": k.state, "size": size_text(k.bytes)}
            for k in kept
        ]
    )


def disk_line() -> str:
    """What the cache holds, of what, and what it may hold."""
    root = cache_root()
    sizes = {words: folder_bytes(root / name) for name, words in _PARTS.items()}
    total = folder_bytes(root)
    sizes["the rest"] = total - sum(sizes.values())
    parts = ", ".join(f"{words} {size_text(size)}" for words, size in sizes.items())
    return (
        f"{root}: {size_text(total)} of {size_text(disk_cap())} ({CAP_VARIABLE}): {parts}; "
        f"the disk has {size_text(free_bytes())} left"
    )
