"""How fast tokens can be generated at most: what a data-sheet GPU's memory and arithmetic allow.

No measurement: real engines are slower. ``--tokens-per-second`` takes the place of it.
"""

from dataclasses import dataclass
from math import ceil

from alpharl_bench.checkpoints import ModelSize
from alpharl_bench.scoring import EngineOptions

_FLOAT32 = 4
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


@dataclass(frozen=True)
class Lengths:
    """Tokens of sequences.

    Args:
        prompt: those of a prompt.
        longest: those of the longest response that is allowed.
        mean: those of a response on average; at most the longest.
    """

    prompt: int
    longest: int
    mean: float


def read_per_second(size: ModelSize, dtype: int, gpus: int) -> float:
    """Tokens per second of some GPUs that read a text: it takes arithmetic alone.

    Args:
        size: the size of the model.
        dtype: bytes of a number.
        gpus: the number of GPUs that share the model.
    """
    flops = H100.float32 if dtype == _FLOAT32 else H100.float16
    return gpus * flops / (2 * size.parameters)


def tokens_per_second(
    size: ModelSize, dtype: int, lengths: Lengths, engine: EngineOptions, models: int = 1
) -> tuple[float, int]:
    """Tokens per second of all GPUs together, and how many those are.

    A decoding step reads all weights, and the keys and values of every sequence; it multiplies and
    adds once per parameter and sequence. vLLM puts a new sequence in the place of one that has
    ended: as many run as fit with what they hold on average. transformers starts a batch together
    and goes on until its longest response ends, with those that have not.

    Args:
        size: the size of the model.
        dtype: bytes of a number.
        lengths: of prompts and responses.
        engine: the engine with the requested GPUs, more where the model needs them, and the most
            sequences.
        models: the number of models that run side by side.
    """
    weights, token = models * size.parameters * dtype, models * size.cached_values * dtype
    whole, held = lengths.prompt + lengths.longest, lengths.prompt + lengths.mean / 2
    gpus = max(engine.tensor_parallel, ceil((weights + token * whole) / (USABLE * H100.memory)))
    room = USABLE * H100.memory * gpus - weights
    together = engine.name == "hf"
    fitting = min(engine.batch_size, int(room // (token * (whole if together else held))))
    # Of a batch that started together those that have not ended, on average over its steps.
    running = fitting * (lengths.mean / lengths.longest if together else 1)
    flops = H100.float32 if dtype == _FLOAT32 else H100.float16
    step = max(
        H100.step,
        (weights + running * token * held) / (gpus * H100.bandwidth),
        2 * models * size.parameters * running / (gpus * flops),
    )
    return running / step, gpus
