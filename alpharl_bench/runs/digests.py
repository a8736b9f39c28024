"""Content keys of what is made by a recipe: bases, and the runs that are trained from them."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alpharl_bench.cache import content_key
from alpharl_bench.registry import Model, Registry, RunEntry

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


def run_digest(entry: RunEntry, registry: Registry) -> str:
    """The content key of a run: base and teacher, algorithm, seed and the libraries that train."""
    algorithm = registry.algorithms[entry.algorithm]
    return content_key(
        base=base_digest(registry.model(entry.model)),
        teacher=_teacher_digest(entry, registry),
        algorithm={
            **algorithm.model_dump(include={"trainer", "checkpoints"}),
            "options": algorithm.options_in(entry.regime),
        },
        config=algorithm.config_in(entry.regime),
        seed=entry.seed,
        # Those of the nano lane are not named, as they always were.
        **({"families": families} if (families := registry.model(entry.model).trained_on) else {}),
        packages={name: version(name) for name in ("torch", "transformers", "trl")},
    )


def base_digest(model: Model) -> str:
    """By the weights of a base that ships; by the recipe of one that may not be there yet."""
    shipped = shipped_base(model)
    return base_key(model) if shipped is None else _sha256(shipped / _WEIGHTS)


def base_key(model: Model) -> str:
    """The content key of a base that does not ship, by its recipe and what makes it."""
    # A wheel's digest stands for what is converted; what reads it need not be installed yet.
    files = _PRETRAINING if model.wheel is None else ()
    return content_key(
        # What decides over the weights; which runs the zoo has of them does not.
        model=model.model_dump(mode="json", exclude=_BESIDE_THE_WEIGHTS, exclude_none=True),
        files={name: _sha256(_PACKAGE / name) for name in files},
        packages={name: version(name) for name in ("tokenizers", "torch", "transformers")},
    )


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
