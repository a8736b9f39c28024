"""The registry's runs on disk: trained when first asked for, taken from the cache afterwards."""

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from alpharl_bench.cache import cache_root, content_key, locked, write_whole
from alpharl_bench.checkpoints import Run, open_run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import Algorithm, Model, Registry, RunEntry

#: Written when the last checkpoint is: the sign that a run is whole.
_DONE = "run.json"
# What only a resumed training needs; two thirds of a checkpoint's size.
_TRAINER_STATE = (
    *("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"),
    "critic.safetensors",
)


@dataclass(frozen=True)
class OpenedRun:
    """A run on disk with the digest of everything that its scores depend on."""

    run: Run
    digest: str


def trained(entry: RunEntry, registry: Registry) -> OpenedRun:
    """The run's checkpoints; trains it first, or goes on training it, if the cache lacks them.

    One process trains, others that ask for the same run wait for it.
    """
    base = base_folder(registry.model(entry.model))
    digest = run_digest(entry, registry)
    folder = run_folder(entry, digest)
    with locked(folder):
        if not (folder / _DONE).is_file():
            # Imported here: TRL takes seconds to load, a cached run needs none of it.
            from alpharl_bench.training.train import train  # noqa: PLC0415

            folder.mkdir(parents=True, exist_ok=True)
            algorithm = registry.algorithms[entry.algorithm]
            train(entry, algorithm, base, folder, teacher=_teacher_folder(algorithm, registry))
            for name in _TRAINER_STATE:
                for file in folder.glob(f"checkpoint-*/{name}"):
                    file.unlink()
            write_whole(folder / _DONE, json.dumps({"run": entry.name, "digest": digest}))
    return OpenedRun(open_run(folder, base, name=entry.name), digest)


def is_trained(entry: RunEntry, registry: Registry) -> bool:
    """Whether the cache holds the whole run."""
    return (run_folder(entry, run_digest(entry, registry)) / _DONE).is_file()


def base_folder(model: Model) -> Path:
    """The folder of a base that ships with this package.

    Raises:
        AlphaRLBenchError: it was not built yet.
    """
    folder = Path(str(resources.files("alpharl_bench.training") / "bases" / model.name))
    if not (folder / "model.safetensors").is_file():
        raise AlphaRLBenchError(
            f"model '{model.name}': no base weights in {folder}; make them with "
            f"`alpharl-bench zoo build-base {model.name} --out {folder}`"
        )
    return folder


def _teacher_folder(algorithm: Algorithm, registry: Registry) -> Path | None:
    name = algorithm.options.get("teacher")
    return None if name is None else base_folder(registry.model(name))


def run_folder(entry: RunEntry, digest: str) -> Path:
    """Where a run's checkpoints are cached."""
    return cache_root() / "runs" / f"{entry.name}-{digest}"


def run_digest(entry: RunEntry, registry: Registry) -> str:
    """A content key of a run: base weights, algorithm, seed and the libraries that train."""
    algorithm = registry.algorithms[entry.algorithm]
    teacher = _teacher_folder(algorithm, registry)
    return content_key(
        base=_weights_digest(base_folder(registry.model(entry.model))),
        teacher=None if teacher is None else _weights_digest(teacher),
        algorithm=algorithm.model_dump(include={"trainer", "checkpoints", "options"}),
        config=algorithm.config_in(entry.regime),
        seed=entry.seed,
        packages={name: version(name) for name in ("torch", "transformers", "trl")},
    )


def _weights_digest(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
