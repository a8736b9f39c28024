"""What runs take on disk, and the cap on it."""

import os
import shutil
from math import prod
from pathlib import Path

from safetensors import safe_open

from alpharl_bench.cache import cache_root
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.formatting import size_text
from alpharl_bench.option_types import MOST, number

#: Names another cap on the whole cache, in GB (10⁹ bytes).
CAP_VARIABLE = "ALPHARL_BENCH_MAX_DISK"
_DEFAULT_CAP = 20.0
#: Bytes of a parameter: checkpoints are float32, for in bfloat16 the updates of RL would vanish.
PARAMETER = 4
# While a run trains, the newest two checkpoints have AdamW's two moments beside the weights.
_MOMENTS = 2 * 2


def disk_cap() -> int:
    """The most bytes that the cache may hold.

    Raises:
        AlphaRLBenchError: the environment variable is not a size.
    """
    named = os.environ.get(CAP_VARIABLE)
    try:
        cap = _DEFAULT_CAP if named is None else number(0, MOST, above=True)(named)
    except AlphaRLBenchError as error:
        raise AlphaRLBenchError(
            f"{CAP_VARIABLE}: {error}, of GB; leave it out for {_DEFAULT_CAP:g}"
        ) from error
    return int(cap * 1e9)


def run_bytes(parameters: int, checkpoints: int, *, training: bool = False) -> int:
    """Bytes of a run's weights: float32 at every checkpoint; ``training``: and what resuming takes.

    What lies beside the weights (tokenizer, configs, the log) is some 50 KB a checkpoint more.
    """
    return PARAMETER * parameters * (checkpoints + (_MOMENTS if training else 0))


def parameters_of(weights: Path) -> int:
    """The number of parameters in a safetensors file, by its header alone."""
    with safe_open(os.fspath(weights), framework="numpy") as file:
        return sum(prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118  (it cannot be iterated)


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder; links are not followed."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            # Another process may be tidying up.
            try:
                total += (Path(place) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


def free_bytes() -> int:
    """What is left of the cache's disk."""
    return shutil.disk_usage(cache_root()).free


def require_space(wanted: int, purpose: str) -> None:
    """Refuse what the cap on the cache or the disk has no room for.

    Args:
        wanted: bytes that the cache would grow by.
        purpose: their purpose, for the error message.

    Raises:
        AlphaRLBenchError: there is no room; the message says what to clean.
    """
    root = cache_root()
    used, cap, free = folder_bytes(root), disk_cap(), free_bytes()
    remedy = "`alpharl-bench zoo clean` removes runs (see `zoo status`)"
    if used + wanted > cap:
        raise AlphaRLBenchError(
            f"cache {root}: {purpose} takes {size_text(wanted)}, the cache holds {size_text(used)} "
            f"and may hold {size_text(cap)}; {remedy}, or set {CAP_VARIABLE} to more GB"
        )
    if wanted > free:
        raise AlphaRLBenchError(
            f"cache {root}: {purpose} takes {size_text(wanted)}, the disk has {size_text(free)} "
            f"left; {remedy}"
        )
