"""How fast tokens can be generated at most: what a data-sheet GPU's memory and arithmetic allow.

No measurement: real engines are slower, and real responses are shorter than the most that is
allowed. ``--tokens-per-second`` takes the place of it.
"""

from dataclasses import dataclass
from math import ceil

from alpharl_bench.checkpoints import ModelSize
from alpharl_bench.scoring import EngineOptions

#: The part of a GPU's memory that engines use (vLLM's default).
USABLE = 0.9


@dataclass(frozen=True)
class Gpu:
    """A kind of GPU; memory in bytes, bandwidth in bytes and arithmetic in FLOP a second.

    ``step`` is the least time of a decoding step in seconds: kernels have to be launched.
    """

    name: str
    memory: float
    bandwidth: float
    float32: float
    float16: float
    step: float


#: NVIDIA's data sheet of the H100 SXM, dense; the step is a supposition.
H100 = Gpu("H100 SXM", 80e9, 3.35e12, 67e12, 989e12, 0.01)


def tokens_per_second(
    size: ModelSize, dtype: int, context: int, engine: EngineOptions, models: int = 1
) -> tuple[float, int]:
    """Tokens per second of all GPUs together, and how many those are.

    A decoding step reads all weights, and the keys and values of every sequence, which is half its
    longest on average; it multiplies and adds once per parameter and sequence. As many sequences
    run as fit into memory.

    Args:
        size: the size of the model.
        dtype: bytes of a number.
        context: tokens of the longest sequence.
        engine: the engine with the requested GPUs, more where the model needs them, and the most
            sequences.
        models: the number of models that run side by side.
    """
    weights = models * size.parameters * dtype
    sequence = models * size.cached_values * dtype * context
    gpus = max(engine.tensor_parallel, ceil((weights + sequence) / (USABLE * H100.memory)))
    room = USABLE * H100.memory * gpus - weights
    sequences = min(engine.batch_size, int(room // (sequence / 2)))
    flops = H100.float32 if dtype == 4 else H100.float16
    step = max(
        H100.step,
        (weights + sequences * sequence / 2) / (gpus * H100.bandwidth),
        2 * models * size.parameters * sequences / (gpus * flops),
    )
    return sequences / step, gpus
