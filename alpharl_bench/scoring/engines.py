"""Which engine scores, and the one interface behind which both are."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

from alpharl_bench.decoding import Decoding
from alpharl_bench.variants import Variant

EngineName = Literal["hf", "vllm"]
Dtype = Literal["float32", "bfloat16", "float16"]
TokenizerOf = Literal["base", "checkpoint"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
TOKENIZERS: tuple[TokenizerOf, ...] = get_args(TokenizerOf)
#: The highest rank of an update that vLLM takes as an adapter: each costs as much as one of this
#: rank, so others are merged.
MAX_ADAPTER_RANK = 8


@dataclass(frozen=True)
class EngineOptions:
    """What scores, and how.

    Args:
        name: the name of the engine.
        dtype: the dtype of the weights and of the computation. float32 by default, because rounding
            of bfloat16 activations hides the effect of a small RL update.
        batch_size: number of sequences generated in one batch; halved when memory runs out.
        tensor_parallel: number of GPUs that share the matrices of one model; vLLM only.
        tokenizer: whose tokenizer and chat template every variant is asked with: the base's, or
            the final checkpoint's.
    """

    name: EngineName = "hf"
    dtype: Dtype = "float32"
    batch_size: int = 1024
    tensor_parallel: int = 1
    tokenizer: TokenizerOf = "base"


class Backend(Protocol):
    """One loaded base model that generates with the weights of any variant of a run.

    ``lm`` is lm-eval's interface to it, ``notes`` what is to be known of the variant that it wears,
    ``packages`` the versions of what it is made of beside the
    usual ones, ``dies_with`` the errors that say that the engine is gone, ``ends`` the tokens that
    end a response.
    """

    lm: Any
    ends: tuple[int, ...]
    notes: tuple[str, ...]
    device: str
    packages: Mapping[str, str]
    dies_with: tuple[type[Exception], ...]

    @property
    def batch_size(self) -> int:
        """How many sequences are generated together."""

    def use_variant(self, variant: Variant) -> AbstractContextManager[None]:
        """Generate with the variant's weights inside the block, and inside it only.

        The block is entered only when it is proven that the engine wears them.
        """

    def decoding(self, decoding: Decoding) -> AbstractContextManager[None]:
        """Choose tokens by ``decoding`` inside the block."""

    def draw(self, prompts: Sequence[list[int]], room: int) -> list[list[int]]:
        """A response of at most ``room`` tokens to each prompt, its end token with it.

        Drawn at temperature 1, unless the decoding says otherwise.
        """

    def reseed(self, seed: int) -> None:
        """Everything that is sampled from now on follows from ``seed`` and the weights."""

    def shrink(self) -> None:
        """Halve the batch after memory ran out."""

    def close(self) -> None:
        """Give back memory, processes and files."""
