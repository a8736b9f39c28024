"""Which device does the work."""

from __future__ import annotations

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch

DEVICES = ("auto", "cpu", "cuda")


def planned_device(name: str) -> str:
    """The device of an option, for a plan: what is named need not be there."""
    return resolved_device(name) if name == "auto" else name


def resolved_device(name: str) -> str:
    """The device of an option: ``auto`` is the GPU where there is one.

    Raises:
        AlphaRLBenchError: it is unknown, or not there.
    """
    if name not in DEVICES:
        raise AlphaRLBenchError(f"--device {name}: unknown; one of {', '.join(DEVICES)}")
    if name == "cpu":
        return name
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise AlphaRLBenchError("--device cuda: torch sees no GPU here; use --device cpu")
    return "cuda" if there else "cpu"
