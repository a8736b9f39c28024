"""A checkpoint as its base has it: by the base's names, with as many tokens."""

from __future__ import annotations

from functools import cached_property
from math import prod
from pathlib import Path

from alpharl_bench.checkpoints.key_names import Alignment, align
from alpharl_bench.checkpoints.tensors import Weights
from alpharl_bench.checkpoints.vocabulary import fits_but_for_tokens, lost_tokens, size_note
from alpharl_bench.lazy import torch


class AlignedWeights(Weights):
    """The weights of a whole checkpoint under the names of its base.

    What the base has none of (a value head) is left out; parts that only the base has (layers of
    multi-token prediction) are the base's. A padded vocabulary is cropped to the base's rows, one
    that was cut is filled up with them. Each is said in ``notes``.

    Args:
        own: the checkpoint as it is stored.
        base: the weights that training started from.

    Raises:
        AlphaRLBenchError: (on use) as ``own`` and ``base``.
    """

    def __init__(self, own: Weights, base: Weights) -> None:
        super().__init__(own.folder)
        self._own = own
        self._base = base
        self.ephemeral = own.ephemeral

    @cached_property
    def names(self) -> list[str]:
        """The base's names, and those of the checkpoint's own that are none of the base's."""
        found = self._alignment
        return sorted({*found.own, *found.unknown, *self.inherited})

    @property
    def files(self) -> list[Path]:
        """Those of the checkpoint."""
        return self._own.files

    @property
    def digest(self) -> str:
        """That of the checkpoint's files: the base has a key of its own."""
        return self._own.digest

    @property
    def inherited(self) -> frozenset[str]:
        """The base's tensors that the checkpoint has no part of."""
        return frozenset(name for names in self._alignment.inherited.values() for name in names)

    @property
    def as_stored(self) -> bool:
        """Whether nothing is renamed, left out, inherited, cropped or filled up."""
        return self._own.as_stored and self._alignment.plain and not self._resized

    @cached_property
    def notes(self) -> list[str]:
        """What is not as it is stored, a line each."""
        found, folder = self._alignment, self.folder
        lines = [
            f"{folder}: {count} names differ from the base's by '{rename.name}' ({rename.remark}), "
            "and are read as the base's"
            for rename, count in sorted(found.renamed.items(), key=lambda item: item[0].name)
        ]
        lines += [
            f"{folder}: {len(names)} tensors of {part} are left out, as '{names[0]}': the base "
            f"{self._base.folder} has none"
            for part, names in found.left_out.items()
        ]
        lines += [
            f"{folder}: {len(names)} tensors of {part} are only in the base, "
            f"{self._share(names):.1%} of its parameters, as '{names[0]}': they stay the base's, "
            "and no update is taken of them"
            for part, names in found.inherited.items()
        ]
        lines += [
            size_note(self.file(name), name, tokens, self._base)
            for name, tokens in self._resized.items()
        ]
        return [*self._own.notes, *lines]

    @property
    def doubts(self) -> list[str]:
        """The tokens of the checkpoint that are cropped though its tokenizer has them."""
        # Of the first: embeddings and head have as many.
        return [
            line
            for name, tokens in [*self._resized.items()][:1]
            for line in lost_tokens(self.folder, name, tokens, self._base)
        ]

    def file(self, name: str) -> Path:
        """The file that holds a tensor."""
        weights, name = self._place(name)
        return weights.file(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor; of a vocabulary the base's."""
        if name in self._resized:
            return self._base.shape(name)
        weights, name = self._place(name)
        return weights.shape(name)

    def dtype(self, name: str) -> torch.dtype:
        """The dtype in which a tensor is stored."""
        weights, name = self._place(name)
        return weights.dtype(name)

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor in its stored dtype."""
        if name in self._resized:
            return self.rows(name, slice(None))
        weights, name = self._place(name)
        return weights.tensor(name)

    def rows(self, name: str, rows: slice) -> torch.Tensor:
        """A part of the first dimension of a tensor; no more of the file is read."""
        weights, own = self._place(name)
        if name not in self._resized:
            return weights.rows(own, rows)
        start, stop, _ = rows.indices(self.shape(name)[0])
        stored = self._resized[name]
        part = weights.rows(own, slice(min(start, stored), min(stop, stored)))
        if stop <= stored:
            return part
        behind = self._base.rows(name, slice(max(start, stored), stop))
        return torch.cat([part, behind.to(part.dtype)])

    def _place(self, name: str) -> tuple[Weights, str]:
        """Where a tensor is, and its name there."""
        stack, bracket, index = name.partition("[")
        if stack in self.inherited:
            return self._base, name
        return self._own, f"{self._alignment.own.get(stack, stack)}{bracket}{index}"

    def _share(self, names: list[str]) -> float:
        def parameters(of: list[str]) -> int:
            return sum(prod(self._base.shape(name)) for name in of)

        return parameters(names) / parameters(self._base.names)

    @cached_property
    def _alignment(self) -> Alignment:
        return align(self._own.names, self._base.names)

    @cached_property
    def _resized(self) -> dict[str, int]:
        """The tensors of another number of tokens than the base's, and how many."""
        found = {}
        for name, own in self._alignment.own.items():
            shape = self._own.shape(own)
            if fits_but_for_tokens(name, shape, self._base):
                found[name] = shape[0]
        return found
