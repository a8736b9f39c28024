"""Which device does the work."""

import torch

from alpharl_bench.errors import AlphaRLBenchError

DEVICES = ("auto", "cpu", "cuda")


def resolved_device(name: str) -> str:
    """The device of an option: ``auto`` is the GPU where there is one.

    Raises:
        AlphaRLBenchError: it is unknown, or not there.
    """
    if name not in DEVICES:
        raise AlphaRLBenchError(f"--device {name}: unknown; one of {', '.join(DEVICES)}")
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise AlphaRLBenchError("--device cuda: torch sees no GPU here; use --device cpu")
    return "cuda" if name == "cuda" or (name == "auto" and there) else "cpu"
