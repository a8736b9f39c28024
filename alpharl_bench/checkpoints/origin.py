"""Whether a checkpoint comes from the base that it is compared with, as far as files can tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from pathlib import Path

from alpharl_bench.checkpoints.adapter_config import AdapterConfig
from alpharl_bench.checkpoints.json_files import object_in
from alpharl_bench.checkpoints.tensors import WeightFiles, Weights
from alpharl_bench.lazy import torch

_QUANTIZED = re.compile(r"(?i)bnb|[48]-?bit|gptq|awq|nf4|fp8|gguf|int[48]\b")
# A snapshot in the cache of the Hub: models--ORG--NAME/snapshots/COMMIT.
_SNAPSHOT = re.compile(r"models--(?P<org>[^/]+?)--(?P<name>[^/]+)/snapshots/(?P<commit>[^/]+)")
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
# An update that owes nothing to W leaves a cosine of ‖W‖/‖W + ΔW‖. Where the norm has not grown as
# much as that, a smaller cosine is that of two models that share nothing.
_RELATED = 0.1
_GROWTH = 5.0
_SAMPLE = 4
_SETTLE = (
    "if they are the same model, the results stand; otherwise give the base that it names as --base"
)


def base_doubts(path: Path, config: AdapterConfig, base: Weights) -> list[str]:
    """Why the base may not be the one that an adapter names; empty where names or content agree.

    Args:
        path: the adapter's config.
        config: what it says.
        base: the weights that are taken for its base.
    """
    named = config.base_model_name_or_path
    if not named:
        return []
    if quantized := _quantized(named):
        line = (
            f"{path}: trained on {named}, whose weights are quantized ({quantized}); {base.folder} "
            "has those before that, so the merged model is not the one that was trained"
        )
        return [line]
    if not _same_model(named, base):
        return [f"{path}: names {named} as its base, not {base.folder}; {_SETTLE}"]
    commit = _SNAPSHOT.search(base.folder.as_posix())
    wanted = config.revision
    if commit and wanted and _COMMIT.fullmatch(wanted) and not commit["commit"].startswith(wanted):
        line = (
            f"{path}: names revision {wanted} of its base, {base.folder} is {commit['commit']}; "
            f"{_SETTLE}"
        )
        return [line]
    return []


def unrelated(base: Weights, trained: Weights, modules: Sequence[str]) -> list[str]:
    """Why a checkpoint cannot have been trained from a base, a line each; few tensors are read.

    The cosine of a matrix before and after RL is close to 1, that of two models that were trained
    apart close to 0. Copies of the base's tensors beside an adapter are those of its base.

    Args:
        base: the weights that training is said to have started from.
        trained: the checkpoint.
        modules: the names of matrices that both have.
    """
    lines = [
        f"{trained.folder}: holds a copy of its base's '{name}', and that of the base "
        f"{base.folder} is another; is this the adapter's base?"
        for name, saved in trained.frozen.items()
        if not _same(base.tensor(name), saved())
    ]
    # Small ones, from the first layer to the last.
    smallest = min((prod(base.shape(name)) for name in modules), default=0)
    names = [name for name in modules if prod(base.shape(name)) == smallest]
    chosen = names[:: max(1, len(names) // _SAMPLE)][:_SAMPLE]
    compared = [_cosine(base.tensor(name), trained.tensor(name)) for name in chosen]
    found, growth = zip(*compared, strict=True) if compared else ((), ())
    if found and max(found) < _RELATED and max(growth) < _GROWTH:
        lines.append(
            f"{trained.folder}: its weights have nothing in common with those of the base "
            f"{base.folder}: the cosine of '{chosen[0]}' before and after is {found[0]:.2f}, and "
            f"at most {max(found):.2f} in {len(found)} matrices from the first layer to the last; "
            "is this the run's base?"
        )
    return lines


def _same(before: torch.Tensor, saved: torch.Tensor) -> bool:
    """Whether a copy is the base's tensor, up to rows of tokens that were added to it."""
    rows = min(len(before), len(saved))
    return torch.equal(before[:rows].to(saved.dtype), saved[:rows])


def _cosine(before: torch.Tensor, after: torch.Tensor) -> tuple[float, float]:
    """The cosine between two tensors, and ‖after‖/‖before‖; (1, 1) where one is zero."""
    x, y = before.flatten().double(), after.flatten().double()
    first, second = float(x.norm()), float(y.norm())
    if not first * second:
        return 1.0, 1.0
    return float(x @ y) / (first * second), second / first


def _quantized(named: str) -> str:
    """What says that a model is quantized: its name, or its config if it is here."""
    method = object_in(Path(named) / "config.json").get("quantization_config")
    if isinstance(method, dict):
        return f"quantization_config: {method.get('quant_method', 'not named')}"
    match = _QUANTIZED.search(Path(named).name)
    return f"its name has '{match[0]}'" if match else ""


def _same_model(named: str, base: Weights) -> bool:
    """Whether a name is that of a base: by folder, by content where both are here, or by name."""
    folder, there = base.folder, Path(named).expanduser()
    if there.is_dir():
        if there.resolve() == folder.resolve():
            return True
        own = WeightFiles(there)
        return own.present and own.digest == base.digest
    names = {folder.name, folder.resolve().name}
    if snapshot := _SNAPSHOT.search(folder.as_posix()):
        names.add(snapshot["name"])
    if isinstance(original := object_in(folder / "config.json").get("_name_or_path"), str):
        names.add(Path(original).name)
    return there.name.casefold() in {name.casefold() for name in names}
