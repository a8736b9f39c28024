"""Content keys of what is made by a recipe: bases, and the runs that are trained from them."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from alpharl_bench.cache import content_key
from alpharl_bench.keys import product_key
from alpharl_bench.registry import Model, Registry, RunEntry

_WEIGHTS = "model.safetensors"
#: Of a model's entry in the registry: what does not decide over the weights.
_BESIDE_THE_WEIGHTS: Mapping[str, Any] = {
    **dict.fromkeys(("name", "lane", "algorithms", "regimes"), True),
    **dict.fromkeys(("trained_on", "scored_on", "deviations"), True),
    "wheel": {"size"},
}


def run_digest(entry: RunEntry, registry: Registry) -> str:
    """The content key of a run: base and teacher, recipe, seed, and what trains it."""
    algorithm = registry.algorithms[entry.algorithm]
    return product_key(
        "self-play run" if algorithm.trainer == "self-play" else "trained run",
        base=base_digest(registry.model(entry.model)),
        teacher=_teacher_digest(entry, registry),
        algorithm={
            **algorithm.model_dump(include={"trainer", "checkpoints"}),
            "options": algorithm.options_in(entry.regime),
        },
        config=algorithm.config_in(entry.regime),
        seed=entry.seed,
        families=registry.model(entry.model).trained_on,
    )


def base_digest(model: Model) -> str:
    """By the files of a base that ships; by the recipe of one that may not be there yet."""
    shipped = shipped_base(model)
    if shipped is None:
        return base_key(model)
    # The tokenizer and its template decide over a training as the weights do.
    return content_key(files={path.name: _sha256(path) for path in sorted(shipped.glob("*"))})


def base_key(model: Model) -> str:
    """The content key of a base that does not ship, by its recipe and what makes it."""
    recipe = model.model_dump(mode="json", exclude=_BESIDE_THE_WEIGHTS, exclude_none=True)
    if model.warm_up is not None:
        return product_key("warmed base", model=recipe, start=base_digest(model.start))
    return product_key("pretrained base" if model.wheel is None else "converted base", model=recipe)


def shipped_base(model: Model) -> Path | None:
    """The folder of a base that ships with the package; None of one that does not."""
    folder = Path(str(resources.files("alpharl_bench.training") / "bases" / model.name))
    return folder if (folder / _WEIGHTS).is_file() else None


def _teacher_digest(entry: RunEntry, registry: Registry) -> str | None:
    teacher = registry.teacher(entry)
    if isinstance(teacher, RunEntry):
        return run_digest(teacher, registry)
    return None if teacher is None else base_digest(teacher)


@cache
def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
