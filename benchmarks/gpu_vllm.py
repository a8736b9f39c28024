"""The step of :mod:`benchmarks.gpu_acceptance` that runs where vLLM is installed."""

import time

from transformers import AutoTokenizer

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.scoring.backends import open_backend
from alpharl_bench.scoring.engines import EngineOptions, dtype_of
from alpharl_bench.variants import BASE, FULL, rank
from alpharl_bench.variants.materialise import UpdateSource
from benchmarks.gpu_steps import Figure, Setting, worn_pair


def by_vllm(setting: Setting) -> list[Figure]:
    """By its defaults vLLM starts, wears Rank-1 as an adapter, and samples with it."""
    pair = worn_pair(setting)
    # The pair has weights alone; any tokenizer of fewer tokens is one.
    tokenizer = AutoTokenizer.from_pretrained(base_folder(load_registry().model("qwen3-carry")))
    tokenizer.save_pretrained(pair / "base")
    source = UpdateSource(
        Run("worn", pair / "base", (Checkpoint(1, pair / "trained"),)), setting.device
    )
    source.update(rank(1))  # Decomposed beforehand: it is done once.
    options = EngineOptions("vllm", dtype_of("auto", "vllm"), batch_size=setting.responses)
    start = time.perf_counter()
    backend = open_backend(options, source, 2 * setting.room)
    figures = [Figure("s to start", time.perf_counter() - start)]
    try:
        prompts = [[5 + n, 7, 11] for n in range(setting.responses)]
        for variant in (BASE, rank(1), FULL):
            start = time.perf_counter()
            with backend.use_variant(variant):
                middle = time.perf_counter()
                if variant == rank(1):
                    adapter = backend.lm.lora_request is not None
                    figures.append(Figure("Rank-1 is an adapter", float(adapter), least=1))
                backend.reseed(0)
                drawn = backend.draw(prompts, setting.room)
                seconds = time.perf_counter() - middle
            figures += [
                Figure(f"{variant.label}: s to put on", middle - start),
                Figure(f"{variant.label}: tokens a second", sum(map(len, drawn)) / seconds),
            ]
    finally:
        backend.close()
    return figures
