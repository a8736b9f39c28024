"""A model that is a combination of others of its run, made tensor by tensor when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import xxhash

from alpharl_bench.cache import content_key
from alpharl_bench.checkpoints import Weights, is_head, shared
from alpharl_bench.checkpoints.blocks import block_shape, row_blocks
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch
from alpharl_bench.spectral import LowRank
from alpharl_bench.variants.extrapolated_logits import ExtrapolatedLogits
from alpharl_bench.variants.materialise import Change, Update

#: From the name of a tensor to what each term counts in it.
Coefficients = Callable[[str], Sequence[float]]

_NO_UPDATE: Update = MappingProxyType({})
_NO_VECTORS: Mapping[str, torch.Tensor] = MappingProxyType({})


class CombinedWeights(Weights):
    """W_0 + Σ_t c_t · (W_t − W_0) + an update, in float32.

    Args:
        base: W_0; what nothing is added to stays as it is, in its own dtype.
        terms: the W_t, of the base's architecture.
        coefficients: c_t of each term, by the name of the tensor.
        update: a low-rank update by module, added on top.
        vectors: added on top of tensors of one dimension, by their names.

    Raises:
        AlphaRLBenchError: (on use) the shapes of a term's tensor and the base's differ, or a
            coefficient is no finite number of float32.
    """

    def __init__(
        self,
        base: Weights,
        terms: Sequence[Weights] = (),
        coefficients: Coefficients = lambda _: (),
        update: Update = _NO_UPDATE,
        vectors: Mapping[str, torch.Tensor] = _NO_VECTORS,
    ) -> None:
        super().__init__(base.folder)
        self.base = base
        self.terms = tuple(terms)
        self.coefficients = coefficients
        self.update = update
        self.vectors = vectors

    @cached_property
    def names(self) -> list[str]:
        """Those of the base, without an output head that a term does not have: it is tied."""
        return [
            name
            for name in self.base.names
            if not is_head(name) or all(name in names for names in self._stored)
        ]

    @property
    def files(self) -> list[Path]:
        """Those of the base and of all terms."""
        return sorted({file for part in (self.base, *self.terms) for file in part.files})

    @cached_property
    def digest(self) -> str:
        """A key of the content of all parts and of what each counts."""
        return content_key(
            base=self.base.digest,
            terms=[term.digest for term in self.terms],
            coefficients={name: list(self.coefficients(name)) for name in self.names},
            update={
                name: _bits(factors.left, factors.sigma, factors.right)
                for name, factors in self.update.items()
            },
            vectors={name: _bits(vector) for name, vector in self.vectors.items()},
        )

    @property
    def notes(self) -> list[str]:
        """What is to be known of the parts."""
        return [note for part in (self.base, *self.terms) for note in part.notes]

    def file(self, name: str) -> Path:
        """The base's: every tensor starts from there."""
        return self.base.file(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, as in the base."""
        return self.base.shape(name)

    def dtype(self, name: str) -> torch.dtype:
        """float32 where something is added, else the base's."""
        return torch.float32 if self._changes(name) else self.base.dtype(name)

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor; float32 where something is added. It is made part by part."""
        if not self._changes(name):
            return self.base.tensor(name)
        whole = torch.empty(self.shape(name))
        for rows in row_blocks(self.shape(name)):
            self._sum(name, rows, whole[rows or ...])
        return whole

    def rows(self, name: str, rows: slice) -> torch.Tensor:
        """A part of the first dimension of a tensor; no more of the parts is read."""
        return self._sum(name, rows) if self._changes(name) else self.base.rows(name, rows)

    def _sum(self, name: str, rows: slice | None, out: torch.Tensor | None = None) -> torch.Tensor:
        before = self.base.part(name, rows).float()
        return self.delta(self.base, name, rows, lambda: before, out).add_(before)

    def delta(
        self,
        base: Weights,
        name: str,
        rows: slice | None = None,
        before: Callable[[], torch.Tensor] | None = None,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """What is added itself, where ``base`` is that of the sum: not rounded by its values."""
        if base is not self.base:
            return super().delta(base, name, rows, before, out)
        terms = self.counted(name)
        if before is None:
            before = shared(base, name, rows)
        total = torch.zeros(block_shape(self.shape(name), rows)) if out is None else out.zero_()
        change = torch.empty_like(total) if terms else total
        for term, factor in terms:
            # No overflow of float32 is an inf here: torch takes no such factor.
            if not abs(factor) <= torch.finfo(torch.float32).max:
                raise AlphaRLBenchError(
                    f"{self.folder}: '{name}': an update times {factor:.3g} is no number of "
                    "float32; choose a smaller --alpha or target"
                )
            total.add_(term.delta(base, name, rows, before, change), alpha=factor)
        return self._with_the_rest(name, total, rows)

    def counted(self, name: str) -> list[tuple[Weights, float]]:
        """The terms that count in a tensor, and what each counts.

        Buffers that a term does not store stay as they are.
        """
        counted = zip(self.terms, self.coefficients(name), strict=True) if self.terms else ()
        stack = name.partition("[")[0]
        return [
            (term, factor)
            for (term, factor), names in zip(counted, self._stored, strict=True)
            if factor != 0 and stack in names
        ]

    @cached_property
    def _stored(self) -> list[frozenset[str]]:
        """The names that each term has."""
        return [frozenset(term.names) for term in self.terms]

    def matrices(self, name: str) -> list[str]:
        """The matrices that :meth:`added` tells of a tensor: all of a stack, if it reaches one."""
        if name not in self._reached:
            return [name]
        return [f"{name}[{index}]" for index in range(self.shape(name)[0])]

    def added(self, matrix: str) -> list[LowRank]:
        """What is added to a matrix beside the terms; a vector as a matrix of one column."""
        found = [self.update[matrix]] if matrix in self.update else []
        if matrix in self.vectors:
            vector = self.vectors[matrix].float()
            found.append(LowRank(vector[:, None], torch.ones(1), torch.ones(1, 1)))
        return found

    def _with_the_rest(self, name: str, total: torch.Tensor, rows: slice | None) -> torch.Tensor:
        """A sum of the terms' changes (of some rows), to which update and vectors are added."""
        if name in self.vectors:
            vector = self.vectors[name].float()
            total += vector if rows is None else vector[rows]
        if name in self.update:
            total += _rows_of(self.update[name], rows)
        for place, index in self._experts(name, rows):
            total[place] += self.update[f"{name}[{index}]"].dense()
        return total

    def _experts(self, name: str, rows: slice | None) -> list[tuple[int, int]]:
        """(place among the rows, index) of every matrix of a stack that the update reaches."""
        reached = self._reached.get(name)
        if not reached:
            return []
        taken = range(self.shape(name)[0])[rows or slice(None)]
        return [(place, index) for place, index in enumerate(taken) if index in reached]

    @cached_property
    def _reached(self) -> dict[str, set[int]]:
        """The matrices that the update reaches, of every stack."""
        found: dict[str, set[int]] = {}
        for name in self.update:
            stack, bracket, index = name.removesuffix("]").partition("[")
            if bracket:
                found.setdefault(stack, set()).add(int(index))
        return found

    def _changes(self, name: str) -> bool:
        if not self.base.dtype(name).is_floating_point:
            return False
        added = name in self.update or name in self.vectors or name in self._reached
        return added or bool(self.counted(name))


def applied(change: Change, base: Weights) -> Weights:
    """The whole model that a change makes of a base.

    Raises:
        AlphaRLBenchError: no single model has extrapolated logits.
    """
    if isinstance(change, ExtrapolatedLogits):
        raise AlphaRLBenchError(
            "extrapolated logits need two models side by side at every decoding step, and no "
            "weights do that: score them with --engine hf"
        )
    return change if isinstance(change, Weights) else CombinedWeights(base, update=change)


def _rows_of(factors: LowRank, rows: slice | None) -> torch.Tensor:
    if rows is None:
        return factors.dense()
    return LowRank(factors.left[rows], factors.sigma, factors.right).dense()


def _bits(*parts: torch.Tensor) -> str:
    digest = xxhash.xxh3_128()
    for part in parts:
        digest.update(part.contiguous().numpy().tobytes())
    return digest.hexdigest()
