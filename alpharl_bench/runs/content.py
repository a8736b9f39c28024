"""What the content of a run that was trained elsewhere says of it."""

from pathlib import Path
from typing import Any

from alpharl_bench.cache import content_key, file_digest
from alpharl_bench.checkpoints import Checkpoint, Run, Weights, open_weights
from alpharl_bench.checkpoints.hub import BESIDE_WEIGHTS
from alpharl_bench.lazy import torch
from alpharl_bench.progress import progress_bar


def content_digest(run: Run) -> str:
    """The content key of a run by its weights; of checkpoints on the Hub by their commits.

    Raises:
        AlphaRLBenchError: weights cannot be read, or the Hub does not tell a commit.
    """
    weights = open_weights(run.base)
    # Scores depend on the tokenizer, its template and the configs too, not only on the weights.
    beside = _beside(run.base)
    checkpoints = {}
    with progress_bar(f"digest {run.name}", len(run.checkpoints), "checkpoint") as bar:
        for checkpoint in run.checkpoints:
            checkpoints[str(checkpoint.step)] = _digest(checkpoint, weights)
            bar.update()
    return content_key(base=weights.digest, beside=beside, checkpoints=checkpoints)


def dtype_bytes(dtype: Any) -> int:
    """Bytes of a number of a dtype, as torch or its name; float32 where none is stated."""
    known = getattr(torch, dtype) if isinstance(dtype, str) else dtype or torch.float32
    return int(known.itemsize)


def _digest(checkpoint: Checkpoint, base: Weights) -> str:
    if isinstance(checkpoint.location, Path):
        weights = open_weights(checkpoint.location, base).digest
        # Its own end tokens, tokenizer, and whether it ties its head, count too.
        return content_key(weights=weights, beside=_beside(checkpoint.location))
    # To digest its content, all of it would have to be downloaded.
    return f"{checkpoint.location} {checkpoint.location.commit()}"


def _beside(folder: Path) -> list[tuple[str, str]]:
    return sorted(
        (path.name, file_digest(path))
        for pattern in BESIDE_WEIGHTS
        for path in folder.glob(pattern)
    )
