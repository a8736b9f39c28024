"""LoRA-only checkpoints: what a trainer saved is an adapter, the weights are its base's."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from alpharl_bench.cache import content_key
from alpharl_bench.checkpoints.modules import is_head, is_vocabulary, tied_embeddings
from alpharl_bench.checkpoints.tensors import WeightFiles, Weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch
from alpharl_bench.limits import CONFIG_BYTES
from alpharl_bench.untrusted import read_json

CONFIG = "adapter_config.json"
ADAPTER_FILES = ("adapter_model.safetensors", "adapter_model.bin")
_PREFIX = "base_model.model."
_PARTS = frozenset(
    {
        *("weight", "lora_A.weight", "lora_B.weight", "lora_magnitude_vector"),
        *("lora_embedding_A", "lora_embedding_B"),
    }
)
# Options of peft's LoraConfig that have no part in the merged weights.
_HARMLESS = frozenset(
    {
        *("auto_mapping", "inference_mode", "peft_version", "revision", "task_type"),
        *("exclude_modules", "layers_pattern", "layers_to_transform", "target_modules"),
        *("ensure_weight_tying", "lora_dropout", "modules_to_save", "rank_pattern"),
        # Settings of methods that another option turns on.
        *("loftq_config", "megatron_core", "qalora_group_size"),
    }
)
# Initialisations that change the base weights: the adapter belongs to another base than it names.
_CHANGES_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")


class AdapterConfig(BaseModel):
    """The options of ``adapter_config.json`` that decide the merged weights."""

    model_config = ConfigDict(extra="allow", frozen=True)

    peft_type: str
    base_model_name_or_path: str | None = None
    r: int = 8  # this and the others as peft has them
    lora_alpha: float = 8
    use_rslora: bool = False
    use_dora: bool = False
    bias: str = "none"
    alpha_pattern: dict[str, float] = {}
    init_lora_weights: bool | str | None = True

    @property
    def unsupported(self) -> list[str]:
        """The options that this module does not know how to merge, by name."""
        if self.peft_type != "LORA":
            return [f"peft_type={self.peft_type}"]
        named = []
        if self.lora_alpha == 0:
            # As verl's merger writes it: every update would be scaled to nothing.
            named.append("lora_alpha=0")
        if self.bias != "none":
            named.append(f"bias={self.bias}")
        initial = str(self.init_lora_weights).lower()
        if initial.startswith(_CHANGES_BASE):
            named.append(f"init_lora_weights={self.init_lora_weights}")
        extra: dict[str, Any] = self.model_extra or {}
        return named + [
            f"{name}={value}" for name, value in extra.items() if value and name not in _HARMLESS
        ]


_CONFIG = TypeAdapter(AdapterConfig)


def read_adapter_config(folder: Path) -> AdapterConfig:
    """The adapter's options.

    Raises:
        AlphaRLBenchError: the file is missing, damaged, or asks for what cannot be merged here.
    """
    path = folder / CONFIG
    config = read_json(path, _CONFIG, "the config of a LoRA adapter", CONFIG_BYTES)
    if config.unsupported:
        raise AlphaRLBenchError(
            f"{path}: {', '.join(config.unsupported)} is not supported; merge the adapter with "
            "the library that made it and give the merged folder"
        )
    return config


class AdapterWeights(Weights):
    """The base's weights with a LoRA adapter merged in float32, one module at a time.

    W + s·BA with s = α/r, or α/√r for rank-stabilised LoRA (arXiv 2312.03732); DoRA (arXiv
    2402.09353) rescales every row of that to its learned magnitude. Whole tensors in the adapter
    (``modules_to_save``) take the place of the base's.

    Args:
        folder: the adapter, as peft saves it.
        base: the weights that it was trained on.

    Raises:
        AlphaRLBenchError: (on use) the adapter is damaged, has options that cannot be merged, or
            names a tensor that the base does not have.
    """

    def __init__(self, folder: Path, base: Weights) -> None:
        super().__init__(folder)
        self._base = base

    @cached_property
    def config(self) -> AdapterConfig:
        """The adapter's options."""
        return read_adapter_config(self.folder)

    @property
    def names(self) -> list[str]:
        """The names of the base's tensors: an adapter adds none."""
        return sorted({*self._base.names, *self._keys})

    @property
    def files(self) -> list[Path]:
        """The adapter's config and weights."""
        return [self.folder / CONFIG, self._path]

    @cached_property
    def digest(self) -> str:
        """A key of the content of adapter and base."""
        return content_key(adapter=super().digest, base=self._base.digest)

    @property
    def touched(self) -> list[str]:
        """The names of the tensors that differ from the base's, sorted."""
        return sorted(name for name in self._base.names if self._parts(name))

    @property
    def notes(self) -> list[str]:
        """Whether the embeddings moved under a head that is tied to them."""
        moved = [name for name in self.touched if is_vocabulary(name) and not is_head(name)]
        if not moved or not tied_embeddings(self._base):
            return []
        # peft's own forward pass leaves the head where it was, or unties it.
        note = (
            f"{self._path}: '{moved[0]}' is trained and the base {self._base.folder} ties its "
            "output head to it: the whole checkpoint moves the head too, peft's unmerged model "
            "does not; updates of attention and MLP are not affected"
        )
        return [note]

    def file(self, name: str) -> Path:
        """The file that makes a tensor what it is."""
        return self._path if self._parts(name) else self._base.file(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, as in the base."""
        return self._base.shape(name)

    def dtype(self, name: str) -> torch.dtype:
        """float32 where the adapter reaches, else the base's dtype."""
        return torch.float32 if self._parts(name) else self._base.dtype(name)

    def tensor(self, name: str) -> torch.Tensor:
        """One merged tensor, float32 where the adapter reaches."""
        before = self._base.tensor(name)
        return before.float() + self.delta(self._base, name) if self._parts(name) else before

    def rows(self, name: str, rows: slice) -> torch.Tensor:
        """A part of the first dimension of a tensor, float32 where the adapter reaches."""
        before = self._base.rows(name, rows)
        return before.float() + self.delta(self._base, name, rows) if self._parts(name) else before

    def delta(
        self,
        base: Weights,
        name: str,
        rows: slice | None = None,
        before: Callable[[], torch.Tensor] | None = None,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """s·BA itself where that is all there is: no rounding by the base's larger values."""
        if base is not self._base:
            return super().delta(base, name, rows, before, out)
        parts = self._parts(name)
        if not parts:
            return torch.zeros(self.shape(name))[rows or ...] if out is None else out.zero_()
        change = self._change(name, parts, None if self.config.use_dora else rows)
        # The magnitudes of DoRA may need all rows of a matrix.
        if rows is not None and self.config.use_dora:
            change = change[rows]
        return change if out is None else out.copy_(change)

    def _change(self, name: str, parts: dict[str, str], rows: slice | None) -> torch.Tensor:
        """What the adapter adds to (some rows of) a tensor that it reaches."""
        base = self._base
        if "weight" in parts:
            whole = self._part(name, "weight")
            self._fits(name, whole.shape)
            if rows is None:
                return whole - base.tensor(name).float()
            return whole[rows] - base.rows(name, rows).float()
        embedding = "lora_embedding_A" in parts
        a, b = (
            self._part(name, f"lora_embedding_{side}" if embedding else f"lora_{side}.weight")
            for side in "AB"
        )
        if a.ndim != 2 or b.ndim != 2 or a.shape[0] != b.shape[1]:
            raise AlphaRLBenchError(
                f"{self._path}: the adapter of '{name}' is damaged: A has shape {tuple(a.shape)}, "
                f"B {tuple(b.shape)}"
            )
        left, right = (a.T, b.T) if embedding else (b, a)
        self._fits(name, (left.shape[0], right.shape[1]))
        change = ((left if rows is None else left[rows]) @ right) * self._scale(name, a.shape[0])
        if not self.config.use_dora:
            return change
        before = base.tensor(name).float()
        direction = before + change
        # A magnitude for every output: a row of a matrix, but a column of the embeddings.
        norms = torch.linalg.vector_norm(direction, dim=0 if embedding else 1, keepdim=True)
        magnitude = self._part(name, "lora_magnitude_vector")
        if magnitude.numel() != norms.numel():
            raise AlphaRLBenchError(
                f"{self._path}: the adapter of '{name}' is damaged: {magnitude.numel()} magnitudes "
                f"for {norms.numel()} outputs"
            )
        merged: torch.Tensor = magnitude.reshape(norms.shape) / norms * direction
        return merged - before

    def _fits(self, name: str, shape: tuple[int, ...]) -> None:
        if shape != self.shape(name):
            raise AlphaRLBenchError(
                f"{self._path}: the adapter of '{name}' has shape {tuple(shape)}, the base "
                f"{self._base.folder} has {self.shape(name)}; is this the adapter's base?"
            )

    def _scale(self, name: str, rank: int) -> float:
        alpha = self.config.lora_alpha
        if patterns := self.config.alpha_pattern:
            # Imported here: peft takes seconds to load, and most adapters have one alpha.
            from peft.utils.other import get_pattern_key  # noqa: PLC0415

            module = name.removesuffix(".weight")
            alpha = patterns.get(get_pattern_key(list(patterns), module), alpha)
        return alpha / (math.sqrt(rank) if self.config.use_rslora else rank)

    def _part(self, name: str, part: str) -> torch.Tensor:
        key = self._parts(name).get(part)
        if key is None:
            raise AlphaRLBenchError(f"{self._path}: the adapter of '{name}' has no {part}")
        return self._adapter.tensor(key).float()

    def _parts(self, name: str) -> dict[str, str]:
        """What the adapter holds of a tensor: the part's kind and its key in the file."""
        return self._keys.get(name, {})

    @cached_property
    def _keys(self) -> dict[str, dict[str, str]]:
        """What the adapter holds, once it is known that all of it can be merged."""
        self.config  # noqa: B018  (refuses options)
        keys: dict[str, dict[str, str]] = {}
        for key in self._adapter.names:
            module, _, part = key.removeprefix(_PREFIX).rpartition(".")
            if part == "weight" and module.endswith((".lora_A", ".lora_B")):
                module, _, side = module.rpartition(".")
                part = f"{side}.weight"
            elif part == "weight" and module.endswith(".lora_magnitude_vector"):
                module, _, part = module.rpartition(".")
            elif part == "weight" and module.endswith(".base_layer"):
                continue  # The base's own embeddings, saved beside the adapter on them.
            if part not in _PARTS:
                raise AlphaRLBenchError(f"{self._path}: '{key}' is no part of a LoRA adapter")
            keys.setdefault(f"{module}.weight", {})[part] = key
        odd = sorted(keys.keys() - set(self._base.names))
        head = next(filter(is_head, odd), None)
        if head and tied_embeddings(self._base):
            raise AlphaRLBenchError(
                f"{self._path}: '{head}' is trained, and the base {self._base.folder} ties it to "
                "the embeddings: give a base with a head of its own"
            )
        if odd:
            raise AlphaRLBenchError(
                f"{self._path}: {', '.join(odd[:3])}: the base {self._base.folder} has no such "
                "tensor; is this the adapter's base?"
            )
        return keys

    @cached_property
    def _path(self) -> Path:
        for name in ADAPTER_FILES:
            if (self.folder / name).is_file():
                return self.folder / name
        raise AlphaRLBenchError(f"{self.folder}: neither {' nor '.join(ADAPTER_FILES)} is there")

    @cached_property
    def _adapter(self) -> WeightFiles:
        return WeightFiles(self.folder, self._path.name)


def open_weights(folder: Path, base: Weights | None = None) -> Weights:
    """The weights of a model folder: its own, or those of an adapter merged into ``base``.

    Raises:
        AlphaRLBenchError: the folder holds an adapter and there is no base to merge it into.
    """
    if not is_adapter(folder):
        return WeightFiles(folder)
    if base is None:
        raise AlphaRLBenchError(f"{folder}: a LoRA adapter; name the base that it belongs to")
    return AdapterWeights(folder, base)


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds a LoRA adapter alone and no whole weights."""
    return (folder / CONFIG).is_file() and not WeightFiles(folder).present
