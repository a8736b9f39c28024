"""The singular triplets of a whole update: decomposed once, in parallel, and kept on disk."""

import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from alpharl_bench.cache import cache_root, content_key, locked, sweep_scratch, whole_file
from alpharl_bench.checkpoints import Weights, compare
from alpharl_bench.errors import AlphaRLBenchError, AlphaRLBenchWarning
from alpharl_bench.progress import progress_bar
from alpharl_bench.spectral.lowrank import LowRank
from alpharl_bench.spectral.svd import TOLERANCE, Decomposition, decompose, level, singular_values
from alpharl_bench.spectral.threads import one_thread_per_matrix

#: Part of every key: raise it when a decomposition changes in more than its last bits.
_ENGINE = 1
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
        device: where the work is done, as torch names it.
        embeddings: whether token embeddings and output head are decomposed too.

    Raises:
        AlphaRLBenchError: (on use) checkpoint and base do not belong together.
    """

    def __init__(
        self, base: Weights, trained: Weights, device: str = "cpu", *, embeddings: bool = False
    ) -> None:
        self.base = base
        self.trained = trained
        self._device = torch.device(device)
        self._embeddings = embeddings

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """The names of the decomposed matrices, sorted."""
        comparison = compare(self.base, self.trained, embeddings=self._embeddings)
        for note in comparison.notes:
            warnings.warn(note, AlphaRLBenchWarning, stacklevel=2)
        return comparison.require()

    def shape(self, module: str) -> tuple[int, int]:
        """(m, n) of a module's update matrix."""
        rows, columns = self.base.shape(module)
        return rows, columns

    def module(self, name: str, rank: int) -> Decomposition:
        """At least the ``rank`` leading triplets of one module; :meth:`prepare` made them."""
        found = _load(self._path(name, rank))
        if found is None:
            self.prepare(lambda _: rank, only=name)
            found = _load(self._path(name, rank))
        if found is None:
            raise OSError(f"{self._path(name, rank)}: cannot be read back")
        return found

    def all(self, rank_of: RankOf) -> Iterator[tuple[str, Decomposition]]:
        """(module, at least ``rank_of(shape)`` leading triplets) of every module in turn."""
        self.prepare(rank_of)
        for name in self.modules:
            yield name, self.module(name, rank_of(self.shape(name)))

    def prepare(self, rank_of: RankOf, only: str | None = None) -> None:
        """Decompose what the store lacks, on all cores, one matrix per core at a time."""
        wanted = {name: rank_of(self.shape(name)) for name in ([only] if only else self.modules)}
        with locked(self._folder):
            sweep_scratch(self._folder)
            missing = {
                name: rank for name, rank in wanted.items() if _load(self._path(name, rank)) is None
            }
            if missing:
                self._spread(self._decompose_one, {n: (rank,) for n, rank in missing.items()})

    def singular_values(self) -> Iterator[tuple[str, torch.Tensor]]:
        """(module, all its singular values (min(m, n),)) of every module in turn.

        They are kept on disk beside the triplets, which are mostly few. An hour of one core for a
        model of 8 billion parameters: only what asks for effective ranks should ask for this.
        """
        with locked(self._folder):
            sweep_scratch(self._folder)
            missing = [name for name in self.modules if _load_values(self._values(name)) is None]
            if missing:
                self._spread(self._values_of_one, dict.fromkeys(missing, ()))
        for name in self.modules:
            values = _load_values(self._values(name))
            if values is None:
                raise OSError(f"{self._values(name)}: cannot be read back")
            yield name, values

    def _spread(self, work_on: Callable[..., None], missing: dict[str, tuple[int, ...]]) -> None:
        """Work on the named modules on all cores, one matrix per core at a time."""
        work = sum(self.shape(name)[0] * self.shape(name)[1] for name in missing)
        # On a GPU one matrix at a time fills it; there its memory is what is scarce.
        workers = torch.get_num_threads() if self._device.type == "cpu" else 1
        with (
            one_thread_per_matrix(),
            progress_bar(
                f"decompose {self.trained.folder.name}",
                len(missing),
                "matrix",
                shown=work > _WORTH_A_BAR,
            ) as bar,
            ThreadPoolExecutor(workers) as pool,
        ):
            jobs = [pool.submit(work_on, name, *given) for name, given in missing.items()]
            try:
                for job in as_completed(jobs):
                    job.result()
                    bar.update()
            finally:
                pool.shutdown(cancel_futures=True)

    def _decompose_one(self, name: str, rank: int) -> None:
        delta = self.trained.delta(self.base, name).to(self._device)
        try:
            found = decompose(delta, level(rank, self.shape(name)))
        except ArithmeticError as error:
            raise AlphaRLBenchError(f"{self.trained.file(name)}: '{name}': {error}") from error
        if not found.converged:
            warnings.warn(
                f"{self.trained.file(name)}: '{name}': residual {found.residual:.1e} σ₁ after the "
                f"{found.method} solver, asked for {TOLERANCE:.0e}",
                AlphaRLBenchWarning,
                stacklevel=2,
            )
        factors = found.factors
        with whole_file(self._path(name, rank)) as scratch:
            save_file(
                {"left": factors.left, "sigma": factors.sigma, "right": factors.right},
                scratch,
                metadata={
                    "norm": repr(found.norm),
                    "residual": repr(found.residual),
                    "method": found.method,
                },
            )

    def _values_of_one(self, name: str) -> None:
        values = singular_values(self.trained.delta(self.base, name).to(self._device))
        with whole_file(self._values(name)) as scratch:
            save_file({"sigma": values}, scratch)

    def _values(self, name: str) -> Path:
        return self._folder / f"{name}.values.safetensors"

    def _path(self, name: str, rank: int) -> Path:
        return self._folder / f"{name}.r{level(rank, self.shape(name))}.safetensors"

    @cached_property
    def _folder(self) -> Path:
        key = content_key(
            base=self.base.digest,
            trained=self.trained.digest,
            engine=_ENGINE,
            tolerance=TOLERANCE,
            device=self._device.type,
        )
        return cache_root() / "factors" / key


def _load_values(path: Path) -> torch.Tensor | None:
    """Stored singular values; None if they are not there, or damaged."""
    try:
        with safe_open(os.fspath(path), framework="pt") as file:
            values: torch.Tensor = file.get_tensor("sigma")
            return values
    except (OSError, SafetensorError):
        return None


def _load(path: Path) -> Decomposition | None:
    """A stored decomposition, as views of the mapped file; None if it is not there, or damaged."""
    try:
        with safe_open(os.fspath(path), framework="pt") as file:
            about = file.metadata()
            factors = LowRank(*(file.get_tensor(name) for name in ("left", "sigma", "right")))
        return Decomposition(
            factors, float(about["norm"]), float(about["residual"]), about["method"]
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
