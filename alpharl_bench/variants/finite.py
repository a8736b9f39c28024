"""Whether what was written can be used: a dtype may be too small for an update."""

import os
from pathlib import Path

from safetensors import safe_open

from alpharl_bench.errors import AlphaRLBenchError


def require_finite(folder: Path) -> None:
    """Refuse a written model or adapter with an infinite entry or NaN.

    Args:
        folder: its folder; the files are read tensor by tensor.

    Raises:
        AlphaRLBenchError: a tensor is not finite.
    """
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(os.fspath(path), framework="pt") as file:
            for name in file.keys():  # noqa: SIM118  (it cannot be iterated)
                tensor = file.get_tensor(name)
                if not tensor.isfinite().all():
                    dtype = str(tensor.dtype).removeprefix("torch.")
                    raise AlphaRLBenchError(
                        f"'{name}' would not be finite in {dtype}; ask for less by --alpha or "
                        "--target, for another --dtype, or find NaN in the checkpoints by "
                        "`alpharl-bench doctor RUN --deep`"
                    )
