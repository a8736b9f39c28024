"""The command `alpharl-bench doctor`: facts about a training run, and its faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

from tabulate import tabulate

from alpharl_bench.checkpoints.accuracies import read_accuracies
from alpharl_bench.checkpoints.adapter import is_adapter, open_weights
from alpharl_bench.checkpoints.adapter_config import read_adapter_config
from alpharl_bench.checkpoints.compare import compare
from alpharl_bench.checkpoints.config import read_config
from alpharl_bench.checkpoints.configs import config_notes
from alpharl_bench.checkpoints.deltas import is_version
from alpharl_bench.checkpoints.modules import (
    is_head,
    is_vocabulary,
    module_names,
    tied_embeddings,
)
from alpharl_bench.checkpoints.origin import unrelated
from alpharl_bench.checkpoints.run import Checkpoint, Discovery, discover, find_base
from alpharl_bench.checkpoints.tensors import WeightFiles, Weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.formatting import one_line, size_text
from alpharl_bench.lazy import torch
from alpharl_bench.progress import progress_bar
from alpharl_bench.spectral import coverage

# Of the lines of one kind: a run that diverged has NaN in every tensor.
_SHOWN = 20


@dataclass
class Diagnosis:
    """The facts found about a run.

    Args:
        run: the folder or repository that was examined.
        facts: about the run as a whole.
        table: a row for the base and for each checkpoint.
        notes: remarks that require no change.
        faults: the problems that prevent judging the run.
    """

    run: str
    facts: dict[str, str] = field(default_factory=dict)
    table: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Everything, as Markdown that also reads well in a terminal."""
        parts = [f"# {one_line(self.run)}"]
        if self.facts:
            rows = [(fact, one_line(found)) for fact, found in self.facts.items()]
            parts.append(tabulate(rows, headers=("", "found"), tablefmt="github"))
        if self.table:
            shown = [{title: one_line(cell) for title, cell in row.items()} for row in self.table]
            parts.append(tabulate(shown, headers="keys", tablefmt="github", disable_numparse=True))
        for title, lines in (("Notes", self.notes), ("Faults", self.faults)):
            if lines:
                more = [f"- and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
                listed = [f"- {one_line(line)}" for line in lines[:_SHOWN]]
                parts.append("\n".join([f"{title}:", *listed, *more]))
        if not self.faults:
            parts.append("No faults found.")
        return "\n\n".join(parts)


def examine(run: str | Path, base: str | Path | None = None, deep: bool = False) -> Diagnosis:
    """Examine a run without changing it; problems are listed among the faults.

    Args:
        run: the run, as for :func:`~alpharl_bench.checkpoints.run.open_run`.
        base: likewise.
        deep: also read every value of every checkpoint, downloading those that are on the Hub.
    """
    diagnosis = Diagnosis(str(run))
    try:
        found = discover(run)
    except AlphaRLBenchError as error:
        diagnosis.faults.append(str(error))
        return diagnosis
    _Examination(diagnosis, found, base, deep).make()
    return diagnosis


class _Examination:
    """One run under examination: each part that fails leaves a fault, and the rest goes on."""

    def __init__(
        self, diagnosis: Diagnosis, found: Discovery, base: str | Path | None, deep: bool
    ) -> None:
        self._to = diagnosis
        self._found = found
        self._named_base = base
        self._deep = deep

    def make(self) -> None:
        """Fill in the diagnosis."""
        steps = [checkpoint.step for checkpoint in self._found.checkpoints]
        self._to.facts["source"] = self._found.source
        self._to.facts["layout"] = self._found.layout
        self._to.facts["checkpoints"] = f"{len(steps)}, at step {_listed(steps)}"
        self._to.notes += self._found.notes
        base = self._base()
        folders = self._folders()
        opened = self._opened(folders, base)
        self._model(base or next(iter(opened.values()), None))
        self._accuracies(steps, folders)
        if base is not None:
            self._compare(base, opened)
            self._configs(base, folders)
            if self._deep:
                self._read(base, opened)
                self._cover(base, opened)
        if not self._deep:
            self._to.notes.append("values were not read: --deep reads every tensor")

    def _base(self) -> Weights | None:
        self._to.facts["base"] = "not known"
        try:
            reference = find_base(self._found, self._named_base)
            self._to.facts["base"] = str(reference.location)
            at = reference.location
            if not (self._deep or isinstance(at, Path) or at.cached()):
                self._to.notes.append(f"the base {at} is only on the Hub: --deep downloads it")
                return None
            base = WeightFiles(reference.folder())
            self._to.notes += base.notes
            self._to.table.append(_row("base", str(at), base, _kind(base)))
        except AlphaRLBenchError as error:
            self._fault(str(error))
            return None
        return base

    def _folders(self) -> dict[Checkpoint, Path]:
        """The checkpoints that are here, or that may be fetched."""
        folders: dict[Checkpoint, Path] = {}
        absent = 0
        for checkpoint in self._found.checkpoints:
            try:
                at = checkpoint.location
                here = at if isinstance(at, Path) else at.cached()
                if here is not None or self._deep:
                    folders[checkpoint] = here or checkpoint.path
                else:
                    absent += 1
            except AlphaRLBenchError as error:
                self._fault(str(error))
        if absent:
            self._to.notes.append(
                f"{absent} checkpoints are only on the Hub: --deep downloads them"
            )
        return folders

    def _opened(
        self, folders: dict[Checkpoint, Path], base: Weights | None
    ) -> dict[Checkpoint, Weights]:
        """The checkpoints that can be opened; a row of the table for each."""
        opened: dict[Checkpoint, Weights] = {}
        for checkpoint in self._found.checkpoints:
            where = self._short(checkpoint)
            row = {"": f"step {checkpoint.step}", "where": where}
            if folder := folders.get(checkpoint):
                try:
                    needs_base = is_adapter(folder) or is_version(folder)
                    row["kind"] = kind = self._kind_of(folder)
                    if base is not None or not needs_base:
                        weights = open_weights(folder, base)
                        stored = weights if needs_base else WeightFiles(folder)
                        row = _row(row[""], where, stored, kind)
                        opened[checkpoint] = weights
                except AlphaRLBenchError as error:
                    self._fault(str(error))
            else:
                row["kind"] = "not downloaded"
            self._to.table.append(row)
        return opened

    def _kind_of(self, folder: Path) -> str:
        if is_version(folder):
            return "sparse delta"
        return self._adapter(folder) if is_adapter(folder) else _kind(WeightFiles(folder))

    def _short(self, checkpoint: Checkpoint) -> str:
        source, at = Path(self._found.source), checkpoint.location
        if isinstance(at, Path) and at.is_relative_to(source):
            return str(at.relative_to(source))
        return str(at)

    def _adapter(self, folder: Path) -> str:
        config = read_adapter_config(folder)
        variant = "rank-stabilised " if config.use_rslora else ""
        variant = f"{variant}DoRA" if config.use_dora else f"{variant}LoRA"
        return f"{variant} adapter, r={config.r}, alpha={config.lora_alpha:g}"

    def _model(self, weights: Weights | None) -> None:
        if weights is None:
            return
        try:
            config = read_config(weights.folder)
            names = ", ".join(config.architectures or ["not stated"])
            self._to.facts["architecture"] = f"{names} ({config.model_type})"
        except AlphaRLBenchError as error:
            self._fault(str(error))
        try:
            modules = module_names(weights)
            inside, whole = _parameters(weights, modules), _parameters(weights, weights.names)
            self._to.facts["modules"] = (
                f"{len(modules)} matrices with {inside:,} of all {whole:,} parameters"
            )
            self._to.facts["embeddings"] = "tied" if tied_embeddings(weights) else "untied"
        except AlphaRLBenchError as error:
            self._fault(str(error))

    def _accuracies(self, steps: Sequence[int], folders: dict[Checkpoint, Path]) -> None:
        final = self._found.checkpoints[-1]
        here = isinstance(final.location, Path)
        folder = Path(self._found.source) if here else folders.get(final)
        try:
            accuracies = read_accuracies(folder, steps) if folder else None
        except AlphaRLBenchError as error:
            # A run is judged without them.
            self._to.notes.append(str(error))
            accuracies = None
        if accuracies is not None:
            self._to.notes += accuracies.notes
        if accuracies is None or not accuracies.values:
            self._to.facts["accuracies"] = "none"
            return
        low, high = min(accuracies.values.values()), max(accuracies.values.values())
        self._to.facts["accuracies"] = (
            f"{accuracies.measure} from {low:.3g} to {high:.3g}, in {accuracies.source}"
        )

    def _compare(self, base: Weights, opened: dict[Checkpoint, Weights]) -> None:
        notes: list[tuple[str, Path]] = []
        faults: list[tuple[str, Path]] = []
        for weights in opened.values():
            try:
                comparison = compare(base, weights)
            except AlphaRLBenchError as error:
                self._fault(str(error))
                continue
            notes += [(line, weights.folder) for line in comparison.notes]
            lines = (*comparison.faults, *comparison.doubts)
            faults += [(line, weights.folder) for line in lines]
            if self._deep and not comparison.faults:
                self._origin(base, weights, comparison.modules)
        self._to.notes += _once(notes)
        for line in _once(faults):
            self._fault(line)

    def _origin(self, base: Weights, weights: Weights, modules: Sequence[str]) -> None:
        try:
            for line in unrelated(base, weights, modules):
                self._fault(line)
        except AlphaRLBenchError as error:
            self._fault(str(error))

    def _configs(self, base: Weights, folders: dict[Checkpoint, Path]) -> None:
        """What the final checkpoint says beside its weights: it counts with the base's."""
        final = folders.get(self._found.checkpoints[-1])
        try:
            self._to.notes += config_notes(base.folder, final) if final else []
        except AlphaRLBenchError as error:
            self._fault(str(error))

    def _read(self, base: Weights, opened: dict[Checkpoint, Weights]) -> None:
        rows = {row[""]: row for row in self._to.table}
        total = sum(len(weights.names) for weights in (base, *opened.values()))
        with progress_bar("read", total, "tensor") as bar:
            whole = set()
            for name in base.names:
                if self._value(base, name) is not None:
                    whole.add(name)
                bar.update()
            for checkpoint, weights in opened.items():
                changed = 0
                for name in weights.names:
                    after = self._value(weights, name)
                    if after is None or name not in whole or _differs(base.tensor(name), after):
                        changed += 1
                    bar.update()
                rows[f"step {checkpoint.step}"]["changed"] = (
                    f"{changed} of {len(weights.names)} tensors"
                )
                if not changed:
                    self._fault(
                        f"{weights.folder}: every tensor is that of the base {base.folder}: there "
                        "is no update; is this the trained model?"
                    )

    def _cover(self, base: Weights, opened: dict[Checkpoint, Weights]) -> None:
        """What of the last checkpoint's update the modules hold; its faults are known by now."""
        if not opened:
            return
        last = max(opened)
        try:
            comparison = compare(base, opened[last])
            if comparison.faults:
                return
            lines = coverage(base, opened[last], comparison.modules).lines()
        except AlphaRLBenchError as error:
            self._fault(str(error))
            return
        self._to.notes += [f"step {last.step}: {line}" for line in lines]

    def _value(self, weights: Weights, name: str) -> torch.Tensor | None:
        try:
            return weights.tensor(name)
        except AlphaRLBenchError as error:
            self._fault(str(error))
            return None

    def _fault(self, line: str) -> None:
        if line not in self._to.faults:
            self._to.faults.append(line)


def _differs(before: torch.Tensor, after: torch.Tensor) -> bool:
    # In the checkpoint's dtype: that the base was rounded to it is no training.
    return before.shape != after.shape or not torch.equal(before.to(after.dtype), after)


def _listed(steps: Sequence[int]) -> str:
    texts = [str(step) for step in steps]
    if len(texts) > _SHOWN:
        texts = [*texts[: _SHOWN - 2], "…", texts[-1]]
    return ", ".join(texts)


def _row(title: str, where: str, weights: Weights, kind: str) -> dict[str, str]:
    kinds = Counter(str(weights.dtype(name)).removeprefix("torch.") for name in weights.names)
    vocabulary = [
        str(weights.shape(name)[0])
        for name in weights.names
        if is_vocabulary(name) and not is_head(name)
    ]
    return {
        "": title,
        "where": where,
        "kind": kind,
        "dtype": ", ".join(
            name if len(kinds) == 1 else f"{name} ({count})" for name, count in kinds.most_common()
        ),
        "vocabulary": ", ".join(vocabulary),
        "on disk": _size(weights.files),
    }


def _kind(weights: WeightFiles) -> str:
    files = weights.files
    shards = f", {len(files)} shards" if len(files) > 1 else ""
    return f"{'.bin' if files[0].suffix == '.bin' else 'safetensors'}{shards}"


def _parameters(weights: Weights, names: Iterable[str]) -> int:
    return sum(prod(weights.shape(name)) for name in names)


def _size(files: Iterable[Path]) -> str:
    return size_text(sum(path.stat().st_size for path in files if path.is_file()))


def _once(lines: Iterable[tuple[str, Path]]) -> list[str]:
    """What is said of several checkpoints alike is said of the first, with the number of others."""
    first: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for line, folder in lines:
        key = line.replace(str(folder), "")
        first.setdefault(key, line)
        seen[key] += 1
    return [
        line if seen[key] == 1 else f"{line} (and so in {seen[key] - 1} other checkpoints)"
        for key, line in first.items()
    ]
