"""What the file of a LoRA adapter holds, by the base's tensors: shapes are checked, values not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

from alpharl_bench.checkpoints.adapter_config import AdapterConfig
from alpharl_bench.checkpoints.gathered import empty_tensors, not_gathered
from alpharl_bench.checkpoints.json_files import object_in
from alpharl_bench.checkpoints.key_names import align, unwrapped_name
from alpharl_bench.checkpoints.modules import is_head, tied_embeddings
from alpharl_bench.checkpoints.tensors import Weights
from alpharl_bench.checkpoints.vocabulary import fits_but_for_tokens, lost_tokens, size_note
from alpharl_bench.errors import AlphaRLBenchError

_PREFIX = "base_model.model."
_PART = re.compile(
    r"(?P<module>.+)\.(?P<part>lora_(?:A|B|embedding_A|embedding_B|magnitude_vector))"
    r"(?:\.(?!weight$|bias$)(?P<adapter>[^.]+))?(?:\.weight)?"
)
_FROZEN = ".base_layer.weight"
# Models whose linear layers transformers keeps as Conv1D, which stores the inputs first.
_CONV1D_MODELS = ("decision_transformer", "gpt2", "imagegpt", "openai-gpt")
_CONV1D = re.compile(r"\.(c_attn|c_fc|c_proj|q_attn)\.weight$")


@dataclass(frozen=True)
class Change:
    """What an adapter holds of one tensor of its base.

    Args:
        module: peft's name of the layer.
        keys: the keys in the adapter's file, by the name of the part; "whole" is the tensor itself.
        inputs_first: whether the base stores the layer's inputs first: embeddings and Conv1D.
    """

    module: str
    keys: Mapping[str, str]
    inputs_first: bool

    @property
    def factors(self) -> tuple[str, str]:
        """The names of the parts A and B."""
        kind = "lora_embedding" if "lora_embedding_A" in self.keys else "lora"
        return f"{kind}_A", f"{kind}_B"


@dataclass
class AdapterParts:
    """All that an adapter holds.

    Args:
        changes: by the base's name of the tensor.
        frozen: the base's own tensors that are saved beside, by the base's name.
        notes: what is not as it is stored, a line each.
        doubts: what only the user can settle.
    """

    changes: dict[str, Change] = field(default_factory=dict)
    frozen: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def read_parts(adapter: Weights, path: Path, config: AdapterConfig, base: Weights) -> AdapterParts:
    """What an adapter holds, once it is known that all of it can be merged.

    Args:
        adapter: the tensors of its file.
        path: the file.
        config: its options.
        base: the weights that it was trained on.

    Raises:
        AlphaRLBenchError: it is damaged, of several adapters, of other shapes or another rank than
            base and config say, or reaches a tensor that the base does not have.
    """
    if empty := empty_tensors(adapter, adapter.names):
        raise AlphaRLBenchError(not_gathered(adapter, empty))
    keys, frozen, notes = _by_tensor(adapter, path)
    found = align([*keys, *frozen], base.names)
    if odd := [name for name in found.unknown if name in keys]:
        raise AlphaRLBenchError(_not_in_base(path, keys, odd, base))
    parts = AdapterParts(notes=notes)
    parts.notes += [
        f"{path}: {count} names differ from the base's by '{rename.name}' ({rename.remark}), and "
        "are read as the base's"
        for rename, count in found.renamed.items()
    ]
    parts.notes += [
        f"{path}: {len(names)} tensors of {part} are left out, as '{names[0]}': the base has none"
        for part, names in found.left_out.items()
    ]
    for name, own in sorted(found.own.items()):
        if own in frozen:
            parts.frozen[name] = frozen[own]
        if own in keys:
            module = unwrapped_name(own).rpartition(".")[0]
            turned = "lora_embedding_A" in keys[own] or _is_conv1d(name, base, config, path)
            parts.changes[name] = Change(module, keys[own], turned)
            _check(name, parts, adapter, path, config, base)
    return parts


def _by_tensor(
    adapter: Weights, path: Path
) -> tuple[dict[str, dict[str, str]], dict[str, str], list[str]]:
    """Keys of parts by tensor, keys of frozen copies by tensor, and notes."""
    keys: dict[str, dict[str, str]] = {}
    frozen: dict[str, str] = {}
    named: dict[str, int] = {}
    for key in adapter.names:
        name = key.removeprefix(_PREFIX)
        if match := _PART.fullmatch(name):
            keys.setdefault(f"{match['module']}.weight", {})[match["part"]] = key
            if match["adapter"]:
                named[match["adapter"]] = named.get(match["adapter"], 0) + 1
        elif name.endswith(_FROZEN):
            frozen[f"{name.removesuffix(_FROZEN)}.weight"] = key
        elif ".lora_" in name:
            raise AlphaRLBenchError(f"{path}: '{key}' is no part of a LoRA adapter")
        else:
            keys.setdefault(name, {})["whole"] = key
    if len(named) > 1:
        raise AlphaRLBenchError(
            f"{path}: holds several adapters ({', '.join(sorted(named))}); save one with peft's "
            "save_pretrained"
        )
    notes = [
        f"{path}: {count} names hold the adapter's name '.{adapter_name}', which is taken out"
        for adapter_name, count in named.items()
    ]
    return keys, frozen, notes


def _not_in_base(
    path: Path, keys: Mapping[str, Mapping[str, str]], odd: list[str], base: Weights
) -> str:
    head = next(filter(is_head, odd), None)
    if head and tied_embeddings(base):
        return (
            f"{path}: '{head}' is trained, and the base {base.folder} ties it to the embeddings: "
            "give a base with a head of its own"
        )
    first = ", ".join(f"'{next(iter(keys[name].values()))}'" for name in odd[:3])
    return (
        f"{path}: {len(odd)} of {len(keys)} trained tensors are none of the base's "
        f"{base.folder}, as {first}; is this the adapter's base?"
    )


def _is_conv1d(name: str, base: Weights, config: AdapterConfig, path: Path) -> bool:
    """Whether the base is of Conv1D here: peft looks at the layer too, whatever the config says."""
    model = object_in(base.folder / "config.json").get("model_type")
    if model is None and config.fan_in_fan_out:
        raise AlphaRLBenchError(
            f"{path.parent}: fan_in_fan_out=True, and no config.json in {base.folder} says "
            "whether its layers store their inputs first; give the base's whole folder"
        )
    return model in _CONV1D_MODELS and bool(_CONV1D.search(name))


def _check(
    name: str,
    parts: AdapterParts,
    adapter: Weights,
    path: Path,
    config: AdapterConfig,
    base: Weights,
) -> None:
    """Whether the parts of one tensor make a change of its shape.

    Raises:
        AlphaRLBenchError: they do not.
    """
    change = parts.changes[name]
    shapes = {part: adapter.shape(key) for part, key in change.keys.items()}
    if shapes.keys() == {"whole"}:
        shape = shapes["whole"]
    else:
        shape = _product(name, change, shapes, path, config)
        outputs = shape[1] if change.inputs_first else shape[0]
        if config.use_dora and prod(shapes["lora_magnitude_vector"]) != outputs:
            raise AlphaRLBenchError(
                f"{path}: the adapter of '{name}' is damaged: magnitudes of shape "
                f"{shapes['lora_magnitude_vector']} for {outputs} outputs"
            )
    if shape == base.shape(name):
        return
    if not fits_but_for_tokens(name, shape, base) or shape[0] < base.shape(name)[0]:
        raise AlphaRLBenchError(
            f"{path}: the adapter of '{name}' has shape {shape}, the base {base.folder} has "
            f"{base.shape(name)}; is this the adapter's base?"
        )
    parts.notes.append(size_note(path, name, shape[0], base))
    parts.doubts += lost_tokens(path.parent, name, shape[0], base)


def _product(
    name: str,
    change: Change,
    shapes: Mapping[str, tuple[int, ...]],
    path: Path,
    config: AdapterConfig,
) -> tuple[int, ...]:
    """The shape of what A and B make, as the base stores it."""
    wanted = [*change.factors, *(["lora_magnitude_vector"] if config.use_dora else [])]
    if missing := [part for part in wanted if part not in shapes]:
        raise AlphaRLBenchError(f"{path}: the adapter of '{name}' has no {missing[0]}")
    if extra := sorted(shapes.keys() - set(wanted)):
        raise AlphaRLBenchError(
            f"{path}: the adapter of '{name}' has {extra[0]}, which its config does not speak of"
        )
    a, b = (shapes[part] for part in change.factors)
    if len(a) != 2 or len(b) != 2 or a[0] != b[1]:
        raise AlphaRLBenchError(
            f"{path}: the adapter of '{name}' is damaged: A has shape {a}, B {b}"
        )
    if (rank := config.rank(change.module)) != a[0]:
        raise AlphaRLBenchError(
            f"{path}: the adapter of '{name}' has rank {a[0]}, its config says {rank} (r or "
            "rank_pattern): peft refuses it too, and its scale is not known"
        )
    return (a[1], b[0]) if change.inputs_first else (b[0], a[1])
