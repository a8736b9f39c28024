"""LoRA-only checkpoints: what a trainer saved is an adapter, the weights are its base's."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path

from alpharl_bench.cache import content_key
from alpharl_bench.checkpoints.adapter_config import (
    AdapterConfig,
    read_adapter_config,
)
from alpharl_bench.checkpoints.adapter_parts import AdapterParts, Change, read_parts
from alpharl_bench.checkpoints.aligned import AlignedWeights
from alpharl_bench.checkpoints.candidates import ADAPTER_CONFIG, ADAPTER_FILES, adapter_choice
from alpharl_bench.checkpoints.deltas import SparseDeltaWeights, is_version
from alpharl_bench.checkpoints.finite import all_finite
from alpharl_bench.checkpoints.modules import is_head, is_vocabulary, tied_embeddings
from alpharl_bench.checkpoints.origin import base_doubts
from alpharl_bench.checkpoints.tensors import WeightFiles, Weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch


class AdapterWeights(Weights):
    """The base's weights with a LoRA adapter merged in float32, one module at a time.

    W + s·BA with s = α/r, or α/√r for rank-stabilised LoRA (arXiv 2312.03732); DoRA (arXiv
    2402.09353) rescales every row of that to its learned magnitude. Whole tensors in the adapter
    (``modules_to_save``) take the place of the base's; where they have more tokens than the base,
    its number of rows is taken.

    Args:
        folder: the adapter, as peft saves it.
        base: the weights that it was trained on.

    Raises:
        AlphaRLBenchError: (on use) the adapter is damaged, has options that cannot be merged, does
            not fit the base in names and shapes, or its product is not finite in float32.
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
        self._parts  # noqa: B018  (refuses what cannot be merged)
        return self._base.names

    @property
    def files(self) -> list[Path]:
        """The adapter's config and weights."""
        return [self.folder / ADAPTER_CONFIG, self._path]

    @cached_property
    def digest(self) -> str:
        """A key of the content of adapter and base."""
        return content_key(adapter=super().digest, base=self._base.digest)

    @property
    def touched(self) -> list[str]:
        """The names of the tensors that differ from the base's, sorted."""
        return sorted(self._parts.changes)

    @property
    def frozen(self) -> dict[str, Callable[[], torch.Tensor]]:
        """What peft saves of the base itself: embeddings beside the adapter on them."""
        return {
            name: partial(self._adapter.tensor, key) for name, key in self._parts.frozen.items()
        }

    @property
    def notes(self) -> list[str]:
        """What is not as stored, what lies beside, whether embeddings moved under a tied head."""
        notes = [*adapter_choice(self.folder), *self._parts.notes]
        moved = [name for name in self.touched if is_vocabulary(name) and not is_head(name)]
        if not moved or not tied_embeddings(self._base):
            return notes
        # peft's own forward pass leaves the head where it was, or unties it.
        note = (
            f"{self._path}: '{moved[0]}' is trained and the base {self._base.folder} ties its "
            "output head to it: the whole checkpoint moves the head too, peft's unmerged model "
            "does not; updates of modules in the layers are not affected"
        )
        return [*notes, note]

    @property
    def doubts(self) -> list[str]:
        """Whether the base is the one that the adapter names, and tokens that are cropped."""
        return [
            *base_doubts(self.folder / ADAPTER_CONFIG, self.config, self._base),
            *self._parts.doubts,
        ]

    def file(self, name: str) -> Path:
        """The file that makes a tensor what it is."""
        return self._path if self._change(name) else self._base.file(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, as in the base."""
        return self._base.shape(name)

    def dtype(self, name: str) -> torch.dtype:
        """float32 where the adapter reaches, else the base's dtype."""
        return torch.float32 if self._change(name) else self._base.dtype(name)

    def tensor(self, name: str) -> torch.Tensor:
        """One merged tensor, float32 where the adapter reaches."""
        before = self._base.tensor(name)
        return self._merged(name, before, None) if self._change(name) else before

    def rows(self, name: str, rows: slice) -> torch.Tensor:
        """A part of the first dimension of a tensor, float32 where the adapter reaches."""
        before = self._base.rows(name, rows)
        return self._merged(name, before, rows) if self._change(name) else before

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
        change = self._change(name)
        if change is None:
            return torch.zeros(self.shape(name))[rows or ...] if out is None else out.zero_()
        added = self._finite(name, self._added(name, change, rows))
        return added if out is None else out.copy_(added)

    def _merged(self, name: str, before: torch.Tensor, rows: slice | None) -> torch.Tensor:
        return self._finite(name, before.float() + self.delta(self._base, name, rows))

    def _finite(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        if not all_finite(tensor):
            raise AlphaRLBenchError(
                f"{self._path}: the adapter makes infinite or NaN values of '{name}' in float32; "
                "its factors or their scale (lora_alpha, alpha_pattern) are too large"
            )
        return tensor

    def _added(self, name: str, change: Change, rows: slice | None) -> torch.Tensor:
        """What the adapter adds to (some rows of) a tensor."""
        tokens = self.shape(name)[0]
        if "whole" in change.keys:
            # Of a stack of experts, one: the key with the same index.
            key = change.keys["whole"] + name[len(name.partition("[")[0]) :]
            whole = self._adapter.rows(key, slice(tokens)).float()
            return whole[rows or ...] - self._base.part(name, rows).float()
        a, b = (self._part(change, part) for part in change.factors)
        left, right = (a.T, b.T) if change.inputs_first else (b, a)
        left = left[:tokens]
        # The magnitudes of DoRA may need all rows of a matrix.
        dora = self.config.use_dora
        of_left = left if rows is None or dora else left[rows]
        added = (of_left @ right) * self.config.scale(change.module)
        if not dora:
            return added
        before = self._base.tensor(name).float()
        direction = before + added
        # A magnitude for every output: a row, or a column where the inputs come first.
        dim = 0 if change.inputs_first else 1
        norms = torch.linalg.vector_norm(direction, dim=dim, keepdim=True)
        magnitude = self._part(change, "lora_magnitude_vector").flatten()[: norms.numel()]
        merged: torch.Tensor = magnitude.reshape(norms.shape) / norms * direction
        return (merged - before)[rows or ...]

    def _part(self, change: Change, part: str) -> torch.Tensor:
        return self._adapter.tensor(change.keys[part]).float()

    def _change(self, name: str) -> Change | None:
        return self._parts.changes.get(name.partition("[")[0])

    @cached_property
    def _parts(self) -> AdapterParts:
        """What the adapter holds, once it is known that all of it can be merged."""
        return read_parts(self._adapter, self._path, self.config, self._base)

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
    """The weights of a folder as ``base`` has them: whole, merged, or with sparse deltas applied.

    Raises:
        AlphaRLBenchError: the folder holds an adapter and there is no base to merge it into.
    """
    kind = AdapterWeights if is_adapter(folder) else SparseDeltaWeights
    if kind is SparseDeltaWeights and not is_version(folder):
        own = WeightFiles(folder)
        return own if base is None else AlignedWeights(own, base)
    if base is None:
        what = "a LoRA adapter" if kind is AdapterWeights else "a sparse delta"
        raise AlphaRLBenchError(f"{folder}: {what}; name the base that it belongs to")
    return kind(folder, base)


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds a LoRA adapter: it goes before whole weights beside it, as in peft."""
    return (folder / ADAPTER_CONFIG).is_file() and (
        any((folder / name).is_file() for name in ADAPTER_FILES) or not WeightFiles(folder).present
    )
