"""What a child of :mod:`benchmarks.busy` does: BASE VARIANTS THREADS."""

import json
import os
import sys
import time

import torch

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.scoring import Sampling
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.spectral import threads
from alpharl_bench.variants import FULL
from alpharl_bench.variants.materialise import UpdateSource


def main(base: str, variants: str, way: str) -> None:
    """Print the seconds that scoring takes, engine and base loaded."""
    if way == "one a core":
        threads.SMALL_MODEL = 0
        torch.set_num_threads(os.cpu_count() or 1)
    folder = base_folder(load_registry().model(base))
    run = Run("base", folder, (Checkpoint(1, folder),))
    engine = ScoringEngine(run, "", UpdateSource(run), Sampling())
    engine.score(FULL)
    start = time.perf_counter()
    for _ in range(int(variants)):
        engine.score(FULL)
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - start}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
