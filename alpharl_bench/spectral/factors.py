"""The singular triplets of a whole update: decomposed once, in parallel, and kept on disk."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from alpharl_bench.cache import cache_root, file_digest, locked, sweep_scratch
from alpharl_bench.checkpoints import Weights, compare, shared, unrelated
from alpharl_bench.errors import AlphaRLBenchError, AlphaRLBenchWarning
from alpharl_bench.keys import product_key
from alpharl_bench.lazy import torch
from alpharl_bench.progress import progress_bar
from alpharl_bench.spectral.lowrank import LowRank
from alpharl_bench.spectral.svd import TOLERANCE, Decomposition, decompose, level, singular_values
from alpharl_bench.spectral.tensor_store import Entry, TensorStore
from alpharl_bench.spectral.threads import spread

# Below this much work a progress bar would only flicker by.
_WORTH_A_BAR = 50_000_000

#: From the shape of a module to the rank that is wanted of it.
RankOf = Callable[[tuple[int, int]], int]


class UpdateFactors:
    """The decomposed update of one checkpoint, module by module, in a store keyed by content.

    Two processes can share a store: one decomposes, the other waits. A killed one leaves whole
    modules, which the next one does not compute again.

    Args:
        base: the weights that training started from.
        trained: the checkpoint.
        device: the torch device of the decompositions.
        embeddings: whether token embeddings and output head are decomposed too.

    Raises:
        AlphaRLBenchError: (on use) checkpoint and base do not belong together.
    """

    def __init__(
        self, base: Weights, trained: Weights, device: str = "cpu", *, embeddings: bool = False
    ) -> None:
        self.base = base
        self.trained = trained
        self.device = torch.device(device)
        self._embeddings = embeddings

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """The names of the decomposed matrices, sorted."""
        comparison = compare(self.base, self.trained, embeddings=self._embeddings)
        for line in (*comparison.notes, *comparison.doubts):
            warnings.warn(line, AlphaRLBenchWarning, stacklevel=2)
        modules = comparison.require()
        # Of what has left the disk, no value is fetched for a warning.
        for line in [] if self.trained.ephemeral else unrelated(self.base, self.trained, modules):
            warnings.warn(line, AlphaRLBenchWarning, stacklevel=2)
        return modules

    def whole(self) -> Weights:
        """The checkpoint itself; what its comparison with the base says is told as for a part."""
        _ = self.modules
        return self.trained

    def shape(self, module: str) -> tuple[int, int]:
        """(m, n) of a module's update matrix."""
        rows, columns = self.base.shape(module)
        return rows, columns

    def module(self, name: str, rank: int) -> Decomposition:
        """At least the ``rank`` leading triplets of one module; :meth:`prepare` made them."""
        found = self._load(name, rank)
        if found is None:
            _fill([self], {name: level(rank, self.shape(name))})
            found = self._load(name, rank)
        if found is None:
            raise OSError(f"{self.folder}: '{name}' cannot be read back")
        return found

    def all(self, rank_of: RankOf) -> Iterator[tuple[str, Decomposition]]:
        """(module, at least ``rank_of(shape)`` leading triplets) of every module in turn."""
        self.prepare(rank_of)
        for name in self.modules:
            yield name, self.module(name, rank_of(self.shape(name)))

    def prepare(self, rank_of: RankOf) -> None:
        """Decompose what the store lacks, on all cores, one matrix per core at a time."""
        prepare([self], rank_of)

    def singular_values(self) -> Iterator[tuple[str, torch.Tensor]]:
        """(module, all its singular values (min(m, n),)) of every module in turn.

        They are kept on disk beside the triplets, which are mostly few. An hour of one core for a
        model of 8 billion parameters: only what asks for effective ranks should ask for this.
        """
        _fill([self], dict.fromkeys(self.modules))
        for name in self.modules:
            entry = self.store.get(_key(name, None))
            if entry is None:
                raise OSError(f"{self.folder}: '{name}' cannot be read back")
            yield name, entry.tensors["sigma"]

    def made(
        self,
        name: str,
        rank: int | None,
        before: Callable[[], torch.Tensor],
        out: torch.Tensor,
    ) -> Entry:
        """What the store is to hold of a module: ``rank`` triplets, or None for all values.

        ``before`` gives the base's weights and ``out`` takes ΔW, as for :meth:`Weights.delta`.
        """
        delta = self.trained.delta(self.base, name, before=before, out=out)
        if rank is None:
            return Entry({"sigma": singular_values(delta)}, {})
        try:
            found = decompose(delta, rank)
        except ArithmeticError as error:
            raise AlphaRLBenchError(f"{self.trained.file(name)}: '{name}': {error}") from error
        except MemoryError as error:
            raise AlphaRLBenchError(
                f"{self.trained.file(name)}: '{name}': {error}; free memory of the GPU, or ask for "
                "--device cpu"
            ) from error
        if not found.converged:
            warnings.warn(
                f"{self.trained.file(name)}: '{name}': residual {found.residual:.1e} σ₁ after the "
                f"{found.method} solver, asked for {TOLERANCE:.0e}",
                AlphaRLBenchWarning,
                stacklevel=2,
            )
        factors = found.factors
        return Entry(
            {"left": factors.left, "sigma": factors.sigma, "right": factors.right},
            {"norm": found.norm, "residual": found.residual, "method": found.method},
        )

    def _load(self, name: str, rank: int) -> Decomposition | None:
        entry = self.store.get(_key(name, level(rank, self.shape(name))))
        return None if entry is None else Decomposition(LowRank(**entry.tensors), **entry.about)

    @cached_property
    def store(self) -> TensorStore:
        """The store."""
        return TensorStore(self.folder)

    @cached_property
    def folder(self) -> Path:
        """Where the store is."""
        key = product_key(
            "triplets",
            base=self.base.digest,
            trained=self.trained.digest,
            device=self.device.type,
        )
        return cache_root() / "factors" / key


def prepare(updates: Sequence[UpdateFactors], rank_of: RankOf) -> None:
    """Decompose what the stores of several checkpoints lack, module by module, on all cores.

    Args:
        updates: updates of one base.
        rank_of: the rank that is wanted.
    """
    # Asking each for its modules compares it with the base; they are the same of all.
    modules = [update.modules for update in updates][-1]
    shapes = {name: updates[-1].shape(name) for name in modules}
    wanted = {name: level(rank_of(shape), shape) for name, shape in shapes.items()}
    # The base is read once for all that are here, and of ephemeral ones only one is.
    together = [update for update in updates if not update.trained.ephemeral]
    alone = [[update] for update in updates if update.trained.ephemeral]
    for some in [together, *alone] if together else alone:
        _fill(some, wanted)


def _fill(updates: Sequence[UpdateFactors], wanted: Mapping[str, int | None]) -> None:
    """Put into every store what it lacks: of each module so many triplets, or all values (None)."""
    _digest(updates)
    keys = {name: _key(name, rank) for name, rank in wanted.items()}
    # Checkpoints of the same content share a store.
    short = {
        update.folder: update
        for update in updates
        if any(key not in update.store for key in keys.values())
    }
    with ExitStack() as locks:
        # In one order, so that no two processes wait for each other.
        for folder, update in sorted(short.items()):
            locks.enter_context(locked(folder))
            sweep_scratch(folder)
            update.store.refresh()
        missing = {
            name: [update for update in short.values() if keys[name] not in update.store]
            for name in wanted
        }
        try:
            _spread({name: lacking for name, lacking in missing.items() if lacking}, wanted)
        finally:
            for update in short.values():
                update.store.write()


def _spread(
    missing: Mapping[str, Sequence[UpdateFactors]], wanted: Mapping[str, int | None]
) -> None:
    """Work on the named modules on all cores, one matrix per core at a time."""
    if not missing:
        return
    updates = [update for lacking in missing.values() for update in lacking]
    work = sum(math.prod(lacking[0].shape(name)) for name, lacking in missing.items())
    # One matrix fills a GPU; meanwhile the next one is read.
    workers = None if updates[0].device.type == "cpu" else 2

    def work_on(name: str) -> None:
        rank, first = wanted[name], missing[name][0]
        before = shared(first.base, name, device=first.device)
        delta = torch.empty(first.shape(name), device=first.device)
        for update in missing[name]:
            update.store.put(_key(name, rank), update.made(name, rank, before, delta))
            bar.update()

    title = f"decompose {updates[-1].trained.folder.name}"
    with progress_bar(title, len(updates), "matrix", shown=work > _WORTH_A_BAR) as bar:
        spread(work_on, missing, workers)


def _digest(updates: Sequence[UpdateFactors]) -> None:
    """Digest all files on all cores; :func:`file_digest` keeps what it found."""
    unknown = [update for update in updates if "folder" not in vars(update)]
    files = {
        path
        for update in unknown
        for weights in (update.base, update.trained)
        if not weights.ephemeral  # its digest is kept, its files may be gone
        for path in weights.files
    }
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        list(pool.map(file_digest, sorted(files)))


def _key(name: str, rank: int | None) -> str:
    return f"{name}.values" if rank is None else f"{name}.r{rank}"
