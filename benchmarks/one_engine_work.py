"""The children of :mod:`benchmarks.one_engine`."""

import json
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.source import OpenedRun
from alpharl_bench.runs.trained import TrainedRun
from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.scoring.engines import adapter_rank
from alpharl_bench.variants import BASE, FULL, Variant, rank, subspace
from alpharl_bench.variants.combined import applied
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.merged import write_merged

SAMPLING = Sampling()
VLLM = EngineOptions("vllm")
VARIANTS = (
    BASE,
    FULL,
    *(rank(k) for k in (1, 2, 4, 8, 12, 26)),
    *(subspace(i) for i in (2, 3, 5, 9)),
    *(rank(1, alpha=alpha) for alpha in (0.25, 0.5, 0.75, 1.25, 1.5)),
    *(rank(1, step=step) for step in (24, 48, 72)),
)


def main(
    work: Annotated[str, typer.Argument(help="prepare, together or alone.")],
    index: Annotated[int, typer.Argument(help="Of the variant, for 'alone'.")] = 0,
) -> None:
    """Do one piece of work; the last line on standard output is its result."""
    registry = load_registry()
    opened = TrainedRun(registry.run("qwen3-switch-grpo"), registry).open()
    source = UpdateSource(opened.run)
    if work == "prepare":
        for variant in VARIANTS[2:]:
            for _ in source.update(variant).values():
                pass
        return
    result = together(opened, source) if work == "together" else alone(source, VARIANTS[index])
    typer.echo("\n" + json.dumps(result))


def together(opened: OpenedRun, source: UpdateSource) -> dict[str, object]:
    """Score all variants with one engine, and time what it takes to put each into it."""
    engine = ScoringEngine(opened.run, opened.digest, source, SAMPLING, VLLM)
    accuracies, swaps = [], []
    for variant in VARIANTS:
        start = time.perf_counter()
        accuracies.append(engine.score(variant).accuracy)
        swaps.append({"way": _way(variant), "score": time.perf_counter() - start})
    for variant, row in zip(VARIANTS, swaps, strict=True):
        with engine.backend.use_variant(BASE):
            start = time.perf_counter()
        with engine.backend.use_variant(variant):
            row["swap"] = time.perf_counter() - start
    engine.close()
    return {"accuracies": accuracies, "swaps": swaps}


def alone(source: UpdateSource, variant: Variant) -> dict[str, object]:
    """Write a variant's merged weights and score them with an engine of their own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_merged(applied(source.change(variant), source.base), source.base, folder)
        run = Run("merged", folder, (Checkpoint(1, folder),))
        engine = ScoringEngine(run, "", UpdateSource(run), SAMPLING, VLLM)
        accuracy = engine.score(BASE).accuracy
        engine.close()
    return {"accuracy": accuracy}


def _way(variant: Variant) -> str:
    if variant == BASE:
        return "base"
    beyond_adapters = variant.kind == "rank" and variant.number > adapter_rank("float32")
    return "reload" if variant == FULL or beyond_adapters else "adapter"


if __name__ == "__main__":
    typer.run(main)
