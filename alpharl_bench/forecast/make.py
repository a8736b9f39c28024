"""The model that a method predicts for a run, as files, and what is to be known of it."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from alpharl_bench.cache import whole_folder
from alpharl_bench.checkpoints import Accuracies, Weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast.forecaster import Forecaster, Quality, Target
from alpharl_bench.forecast.method import Method
from alpharl_bench.forecast.prefix import Prefix
from alpharl_bench.forecast.stability import Stability, stability
from alpharl_bench.spectral import Coverage, coverage
from alpharl_bench.variants.adapter import WHOLE, split_by_vllm, write_adapter
from alpharl_bench.variants.combined import applied
from alpharl_bench.variants.extract import Format
from alpharl_bench.variants.materialise import Change
from alpharl_bench.variants.merged import write_merged

#: Written beside the weights: what they were made from, and how sure they are.
RECORD = "forecast.json"
_PACKAGES = ("alpharl-bench", "torch", "scipy", "safetensors", "transformers")
# Where as large a part of shuffled accuracies fits as well, the fit says nothing.
_CHANCE = 0.05


@dataclass(frozen=True)
class Forecast:
    """What was predicted and written.

    Args:
        method: the method that predicted it.
        prefix: the observed checkpoints.
        target: the requested target.
        accuracies: the source of the prefix's accuracies, if they were used.
        form: the format of the written model.
        stability: the result of leaving out each checkpoint.
        quality: the quality of the fit to the accuracies, if there is one.
        files: the number of files read, of the base and the observed checkpoints.
        bytes: the size of these files.
        seconds: the duration of fitting, measuring the stability and writing.
        coverage: what of ‖ΔW‖² of the last observed checkpoint its modules hold.
        whole: whether all tensors are predicted and none stays at the base.
    """

    method: Method
    prefix: Prefix
    target: Target
    accuracies: Accuracies | None
    form: Format
    stability: Stability
    quality: Quality | None
    files: int
    bytes: int
    seconds: dict[str, float]
    coverage: Coverage
    whole: bool

    @property
    def warnings(self) -> list[str]:
        """Why the forecast may be worth no more than none, a line each."""
        found = []
        sure, fit = self.stability, self.quality
        if math.isnan(sure.spread):
            found.append(
                "too few checkpoints to leave one out: nothing is known of how sure this is"
            )
        elif sure.no_op_distance <= sure.spread:
            found.append(
                "leaving out a checkpoint moves the forecast as far "
                f"({sure.spread:.3f} of its norm) as it is from the last observed checkpoint "
                f"({sure.no_op_distance:.3f}): it cannot be told from no forecast"
            )
        if fit is not None and fit.chance > _CHANCE:
            found.append(
                f"{fit.chance:.0%} of shuffled accuracies fit as well (R² {fit.r_squared:.3f}): "
                "that the weights move with the accuracy is not shown"
            )
        return found

    def record(self) -> dict[str, Any]:
        """Everything, as plain JSON."""
        prefix, sure, fit = self.prefix, self.stability, self.quality
        return {
            "method": self.method.name,
            "title": self.method.title,
            "reference": self.method.reference,
            "settings": _settings(self.method.forecaster),
            "target": {"step": self.target.step, "accuracy": self.target.accuracy},
            "base": {"folder": str(prefix.base.folder)},
            "observed": {
                "fraction": prefix.fraction,
                "total_steps": prefix.total_steps,
                "checkpoints": [
                    {"step": checkpoint.step, "folder": str(checkpoint.path)}
                    for checkpoint in prefix.run.checkpoints
                ],
            },
            "accuracies": None
            if self.accuracies is None or prefix.accuracies is None
            else {
                "source": str(self.accuracies.source),
                "measure": self.accuracies.measure,
                "values": dict(zip(map(str, prefix.steps), prefix.accuracies, strict=True)),
            },
            "coverage": asdict(self.coverage),
            "cost": {"files": self.files, "bytes": self.bytes, "seconds": self.seconds},
            "update": {
                "norm": sure.norm,
                "last_observed": {"cosine": sure.last_cosine, "distance": sure.last_distance},
                "last_in_its_form": {
                    "cosine": sure.no_op_cosine,
                    "distance": sure.no_op_distance,
                },
            },
            "left_out": [
                {"step": step, "cosine": cosine, "distance": distance}
                for step, cosine, distance in zip(
                    sure.left_out, sure.cosines, sure.distances, strict=True
                )
            ],
            "fit": None
            if fit is None
            else {
                "r_squared": fit.r_squared,
                "permuted_mean": float(fit.permuted.mean()),
                "chance": fit.chance,
            },
            "warnings": self.warnings,
            "format": self.form,
            "packages": {package: version(package) for package in _PACKAGES},
        }


def make(
    method: Method,
    prefix: Prefix,
    target: Target,
    folder: Path,
    *,
    accuracies: Accuracies | None = None,
    form: Format | None = None,
    dtype: torch.dtype | None = None,
) -> Forecast:
    """Predict a model and write it; ``folder`` appears whole or not at all.

    Args:
        method: the forecaster.
        prefix: the checkpoints that it may use.
        target: the target of the prediction.
        folder: the folder to write; it must not exist.
        accuracies: the source of the prefix's accuracies.
        form: the output format; by default an adapter where the prediction is an update of low
            rank, and a merged folder where it is a whole model.
        dtype: the output dtype; by default the base's for a merged folder, float32 for the
            factors of an adapter.

    Raises:
        AlphaRLBenchError: the folder is there already, the method cannot predict from this, its
            prediction is the base itself, or format or dtype cannot hold it.
    """
    if folder.exists():
        raise AlphaRLBenchError(f"--out {folder}: is there already; name a new folder")
    started = time.perf_counter()
    fitted = method.forecaster.fit(prefix)
    change = fitted.predict(target)
    chosen = _format(method, change, form)
    predicted = time.perf_counter()
    sure = stability(method.forecaster, prefix, target, change)
    if not sure.norm:
        raise AlphaRLBenchError(
            f"{prefix.run.name}: the predicted model is the base itself: no observed checkpoint "
            "moves it; observe more of the run"
        )
    compared = time.perf_counter()
    with whole_folder(folder.absolute(), replace=False) as scratch:
        if isinstance(change, Mapping) and chosen != "merged":
            kind = dtype or torch.float32
            split = split_by_vllm(prefix.base) if chosen == "vllm" else WHOLE
            write_adapter(change, prefix.base, scratch, kind, split=split)
        else:
            write_merged(applied(change, prefix.base), prefix.base, scratch, dtype)
        written, last = time.perf_counter(), prefix.last
        files = _files([prefix.base, *prefix.weights])
        done = Forecast(
            method=method,
            prefix=prefix,
            target=target,
            accuracies=accuracies,
            form=chosen,
            stability=sure,
            quality=fitted.quality(),
            files=len(files),
            bytes=sum(path.stat().st_size for path in files),
            seconds={
                "forecast": predicted - started,
                "stability": compared - predicted,
                "writing": written - compared,
            },
            coverage=coverage(last.base, last.trained, last.modules),
            whole=not isinstance(change, Mapping),
        )
        text = json.dumps(done.record(), indent=1, allow_nan=False) + "\n"
        (scratch / RECORD).write_text(text, encoding="utf-8")
    return done


def _format(method: Method, change: Change, form: Format | None) -> Format:
    if isinstance(change, Mapping):
        return form or "peft"
    if form in {"peft", "vllm"}:
        raise AlphaRLBenchError(
            f"--format {form}: {method.name} predicts a whole model, not an update of low rank; "
            "use --format merged"
        )
    return "merged"


def _files(models: Sequence[Weights]) -> list[Path]:
    return sorted({path for model in models for path in model.files})


def _settings(forecaster: Forecaster) -> dict[str, Any]:
    return dict(vars(forecaster))
