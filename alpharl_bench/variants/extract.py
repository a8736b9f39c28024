"""One checkpoint's update as files, adapter or merged folder, and what rounding leaves of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from alpharl_bench.cache import whole_folder
from alpharl_bench.checkpoints import Weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch
from alpharl_bench.progress import progress_bar
from alpharl_bench.spectral import TOLERANCE, Coverage, coverage
from alpharl_bench.variants.adapter import WHOLE, refuse_adapter, split_by_vllm, write_adapter
from alpharl_bench.variants.combined import CombinedWeights
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.merged import write_merged
from alpharl_bench.variants.rounding import FORMATS, Rounding, roundings
from alpharl_bench.variants.spec import Variant

Format = Literal["peft", "vllm", "merged"]
Anchor = Literal["base", "checkpoint"]
#: Written beside the weights: where they come from, and the rounding of every module.
RECORD = "alpharl_bench.json"
_PACKAGES = ("alpharl-bench", "torch", "scipy", "safetensors", "transformers")


@dataclass(frozen=True)
class ModuleRecord:
    """What was taken of one module.

    ``norm`` is ‖ΔW‖_F, ``captured`` the part of it in the chosen subspaces before they are scaled,
    ``residual`` and ``method`` are of the decomposition, ``roundings`` of each format.
    """

    module: str
    norm: float
    captured: float
    residual: float
    method: str
    roundings: Mapping[str, Rounding]


@dataclass(frozen=True)
class Extraction:
    """What was written, module by module.

    ``dtypes`` are those of the three formats that the roundings speak of; ``coverage`` says what of
    ‖ΔW‖² the modules hold.
    """

    modules: Sequence[ModuleRecord]
    dtypes: Mapping[str, str]
    coverage: Coverage

    @property
    def norm(self) -> float:
        """‖ΔW‖_F over all modules."""
        return math.hypot(*(module.norm for module in self.modules))

    @property
    def captured(self) -> float:
        """The part of it that the chosen subspaces hold before they are scaled."""
        return math.hypot(*(module.norm * module.captured for module in self.modules)) / self.norm

    def rounding(self, form: str) -> Rounding:
        """The rounding of the whole update in one format."""
        return sum((module.roundings[form] for module in self.modules), start=Rounding())

    @property
    def unmoved(self) -> list[str]:
        """The modules whose update is zero."""
        return [module.module for module in self.modules if module.norm == 0]

    @property
    def unconverged(self) -> list[str]:
        """The modules whose triplets are not within the tolerance of the engine."""
        return [module.module for module in self.modules if module.residual > TOLERANCE]


def extract(
    source: UpdateSource,
    variant: Variant,
    folder: Path,
    *,
    form: Format,
    anchor: Anchor = "base",
    dtype: torch.dtype | None = None,
) -> Extraction:
    """Write a variant of a run's final checkpoint; ``folder`` appears whole or not at all.

    Args:
        source: the updates of the run.
        variant: which part of the update, and how strong.
        folder: the folder to write; it must not exist.
        form: a PEFT adapter, one with the module names of vLLM (they differ for the fused matrices
            of GLM-4 alone), or a merged model folder.
        anchor: what the update is added to: the base (the paper) or the checkpoint itself (the
            authors' prediction code, which counts the observed update twice).
        dtype: the dtype of the written tensors; by default the base's for a merged folder,
            float32 for the factors of an adapter.

    Raises:
        AlphaRLBenchError: the folder is there already, checkpoint and base do not belong together
            or are the same, the format or dtype cannot hold the update, or no library loads what
            an adapter would name as its base.
    """
    if folder.exists():
        raise AlphaRLBenchError(f"--out {folder}: is there already; name a new folder")
    anchored = source.factors(None).trained if anchor == "checkpoint" else source.base
    if form != "merged":
        refuse_adapter(source.update(variant), anchored)
    extraction = _measure(source, variant, anchored, form, dtype)
    if len(extraction.unmoved) == len(extraction.modules):
        raise AlphaRLBenchError(
            f"{source.run.final.path}: every weight matrix equals that of the base "
            f"{source.run.base}: there is no update to extract"
        )
    update = source.update(variant)
    with whole_folder(folder.absolute(), replace=False) as scratch:
        if form == "merged":
            write_merged(CombinedWeights(anchored, update=update), source.base, scratch, dtype)
        else:
            kind = dtype or torch.float32
            split = split_by_vllm(source.base) if form == "vllm" else WHOLE
            write_adapter(update, anchored, scratch, kind, split=split)
        record = _record(source, variant, anchor, extraction)
        (scratch / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return extraction


def _measure(
    source: UpdateSource,
    variant: Variant,
    anchored: Weights,
    form: Format,
    dtype: torch.dtype | None,
) -> Extraction:
    update = source.update(variant)
    adapter = dtype if dtype is not None and form != "merged" else torch.float32
    modules, stored = [], set()
    with progress_bar("measure rounding", len(update), "matrix") as bar:
        for name, factors in update.items():
            found = source.decomposition(variant, name)
            storage = dtype if dtype is not None and form == "merged" else source.base.dtype(name)
            stored.add(_name(storage))
            modules.append(
                ModuleRecord(
                    module=name,
                    norm=found.norm,
                    captured=source.captured(variant, name),
                    residual=found.residual,
                    method=found.method,
                    roundings=roundings(anchored.tensor(name), factors, storage, adapter),
                )
            )
            bar.update()
    dtypes = dict(zip(FORMATS, (", ".join(sorted(stored)), _name(adapter), "float32"), strict=True))
    moved = source.factors(variant.step)
    return Extraction(modules, dtypes, coverage(moved.base, moved.trained, moved.modules))


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _record(
    source: UpdateSource, variant: Variant, anchor: Anchor, extraction: Extraction
) -> dict[str, Any]:
    factors = source.factors(None)
    return {
        "variant": variant.label,
        "anchor": anchor,
        "base": {"folder": str(source.run.base), "digest": source.base.digest},
        "checkpoint": {
            "folder": str(source.run.final.path),
            "digest": factors.trained.digest,
        },
        "norm": extraction.norm,
        "captured": extraction.captured,
        "coverage": asdict(extraction.coverage),
        "rounding": {form: _shares(extraction.rounding(form)) for form in FORMATS},
        "dtypes": dict(extraction.dtypes),
        "packages": {package: version(package) for package in _PACKAGES},
        "modules": [
            {
                "module": module.module,
                "norm": module.norm,
                "captured": module.captured,
                "residual": module.residual,
                "method": module.method,
                "rounding": {form: _shares(module.roundings[form]) for form in FORMATS},
            }
            for module in extraction.modules
        ],
    }


def _shares(rounding: Rounding) -> dict[str, float | None]:
    shares = {
        "kept": rounding.kept,
        "error": rounding.error,
        "changed": rounding.changed_share,
    }
    return {name: None if math.isnan(share) else share for name, share in shares.items()}
