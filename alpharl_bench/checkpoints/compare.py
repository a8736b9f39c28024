"""Whether a checkpoint belongs to a base: names, shapes and dtypes, without reading a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alpharl_bench.checkpoints.adapter import AdapterWeights
from alpharl_bench.checkpoints.gathered import empty_tensors, not_gathered
from alpharl_bench.checkpoints.key_names import wrapped_names
from alpharl_bench.checkpoints.modules import (
    is_head,
    is_vocabulary,
    module_names,
    tied_embeddings,
)
from alpharl_bench.checkpoints.tensors import Weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch

#: What a difference of weights can be taken of; other dtypes hold codes of a quantization.
_PLAIN = ("float64", "float32", "float16", "bfloat16")
# What holds no codes: tables of integers, as of hash routing, and masks.
_TABLES = ("int64", "bool")
# Buffers that older versions of transformers saved; no model reads them.
_BUFFERS = (
    *("rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias"),
    *(".attention.bias", ".attention.masked_bias"),
)
_SHOWN = 3
_TIED = "is tied to the embeddings: 'full' uses them, other variants the base's head"
_LEFT_OUT = "is left out: only the base stores it"


@dataclass(frozen=True)
class Comparison:
    """What stands between a base and a checkpoint.

    ``modules`` are the matrices to decompose; ``notes`` say what is left out, ``doubts`` what only
    the user can settle, ``faults`` why no update can be taken; each is one line that names the file
    and the tensor.
    """

    modules: tuple[str, ...]
    notes: tuple[str, ...]
    faults: tuple[str, ...]
    doubts: tuple[str, ...] = ()

    def require(self) -> tuple[str, ...]:
        """The modules.

        Raises:
            AlphaRLBenchError: there are faults.
        """
        if self.faults:
            more = f"; and {len(self.faults) - _SHOWN} more" if len(self.faults) > _SHOWN else ""
            raise AlphaRLBenchError("; ".join(self.faults[:_SHOWN]) + more)
        return self.modules


def compare(base: Weights, trained: Weights, *, embeddings: bool = False) -> Comparison:
    """Compare the tensors of a checkpoint with those of its base.

    Args:
        base: the weights that training started from.
        trained: the checkpoint.
        embeddings: whether the embeddings and the output head are modules too.

    Raises:
        AlphaRLBenchError: one of the two cannot be opened at all.
    """
    known, there = set(base.names), set(trained.names)
    if fault := _one_cause(base, trained):
        return Comparison((), (), (fault,))
    own = known - trained.inherited
    modules = [
        name for name in module_names(base, embeddings=embeddings) if name.partition("[")[0] in own
    ]
    none = (
        f"{base.folder}: no weight matrix of this model is inside a numbered layer, as "
        "model.layers.0.: there is nothing to decompose"
    )
    faults: list[str] = [] if modules else [none]
    notes: list[str] = [*trained.notes]
    missing = sorted(known - there)
    extra = sorted(there - known)
    for name in missing:
        tied = is_head(name) and name not in modules and tied_embeddings(trained)
        if tied or name.endswith(_BUFFERS):
            notes.append(f"{trained.folder}: '{name}' {_TIED if tied else _LEFT_OUT}")
        else:
            faults.append(
                f"{trained.folder}: there is no tensor '{name}', which the base {base.folder} has; "
                "is this the run's base, saved in the same format?"
            )
    for name in extra:
        untied = is_head(name) and tied_embeddings(base)
        if untied or name.endswith(_BUFFERS):
            told = _own_head(trained) if untied else "is left out: the base does not store it"
            notes.append(f"{trained.file(name)}: '{name}' {told}")
        else:
            faults.append(
                f"{trained.file(name)}: tensor '{name}' is not in the base {base.folder}; "
                "is this the run's base?"
            )
    for name in sorted(known & there):
        before, after = base.shape(name), trained.shape(name)
        if before == after:
            continue
        if is_vocabulary(name) and name not in modules and before[1:] == after[1:]:
            notes.append(
                f"{trained.file(name)}: '{name}' has {after[0]} tokens, the base has {before[0]}: "
                "low-rank variants keep the base's"
            )
        else:
            faults.append(
                f"{trained.file(name)}: tensor '{name}' has shape {after}, the base {base.folder} "
                f"has {before}; is this the run's base?"
            )
    for weights in (base, trained):
        faults += _quantized(weights, sorted(known & there))
    stored = sorted({name.partition("[")[0] for name in modules} & there)
    notes += _dtype_notes(base, trained, stored)
    return Comparison(tuple(modules), tuple(notes), tuple(faults), tuple(trained.doubts))


def _one_cause(base: Weights, trained: Weights) -> str:
    """What makes every further line about names and shapes pointless; empty if nothing does."""
    known, there = set(base.names), set(trained.names)
    if wrapped := wrapped_names(base.names):
        return (
            f"{base.folder}: {len(wrapped)} of {len(known)} names stand under a wrapper, as "
            f"'{wrapped[0]}': transformers finds none of these weights; save the base without it"
        )
    if lora := sorted(name for name in there - known if ".lora_" in name):
        return (
            f"{trained.file(lora[0])}: {len(lora)} tensors of a LoRA adapter beside the weights, "
            f"as '{lora[0]}': it is not merged, and its scale is not stored here; save it with "
            "peft's save_pretrained, or merged"
        )
    for weights in (base, trained):
        if empty := empty_tensors(weights, weights.names):
            return not_gathered(weights, empty)
    if not known & there:
        return (
            f"{trained.folder}: none of its {len(there)} tensors is one of the base {base.folder}: "
            f"'{min(there, default='')}' here, '{min(known, default='')}' there; is this the run's "
            "base?"
        )
    return ""


def _own_head(trained: Weights) -> str:
    if not tied_embeddings(trained):
        return (
            "is a head of the checkpoint's own, the base ties it to the embeddings: 'full' uses "
            "the checkpoint's, low-rank variants and forecasts keep the base's"
        )
    # So does transformers.
    return (
        "is stored though the config ties it to the embeddings: 'full' uses it if it differs from "
        "them"
    )


def _quantized(weights: Weights, names: Sequence[str]) -> list[str]:
    plain = {getattr(torch, dtype) for dtype in (*_PLAIN, *_TABLES)}
    odd = [
        name for name in names if weights.dtype(name) not in plain and not name.endswith(_BUFFERS)
    ]
    if not odd:
        return []
    fault = (
        f"{weights.file(odd[0])}: tensor '{odd[0]}' and {len(odd) - 1} more are "
        f"{_dtype(weights, odd[0])}: quantized weights have no plain update; give the unquantized "
        "model"
    )
    return [fault]


def _dtype_notes(base: Weights, trained: Weights, names: Sequence[str]) -> list[str]:
    if isinstance(trained, AdapterWeights):
        # Its update is a product of its own, which no dtype of the base has rounded.
        return _mixed(base, names)
    return _mixed(base, names) + _mixed(trained, names) + _recast(base, trained, names)


def _mixed(weights: Weights, names: Sequence[str]) -> list[str]:
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(_dtype(weights, name), name)
    if len(first) < 2:
        return []
    each = ", ".join(f"'{name}' is {dtype}" for dtype, name in sorted(first.items()))
    return [f"{weights.folder}: modules of several dtypes: {each}"]


def _recast(base: Weights, trained: Weights, names: Sequence[str]) -> list[str]:
    changed = [name for name in names if trained.dtype(name) != base.dtype(name)]
    if not changed:
        return []
    name = changed[0]
    note = (
        f"{trained.file(name)}: '{name}' is {_dtype(trained, name)}, in the base "
        f"{_dtype(base, name)}, and {len(changed) - 1} more differ: the base is rounded first "
        "where that brings the two nearer, and the update holds the rounding that is left"
    )
    return [note]


def _dtype(weights: Weights, name: str) -> str:
    return str(weights.dtype(name)).removeprefix("torch.")
