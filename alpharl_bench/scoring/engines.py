"""Which engine scores, and the one interface behind which both are."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast, get_args

from alpharl_bench.decoding import Decoding
from alpharl_bench.device import resolved_device
from alpharl_bench.variants import Variant

EngineName = Literal["hf", "vllm"]
Dtype = Literal["float32", "bfloat16", "float16"]
TokenizerOf = Literal["base", "checkpoint"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
TOKENIZERS: tuple[TokenizerOf, ...] = get_args(TokenizerOf)
#: What an option may name: ``auto`` is settled by :func:`dtype_of`.
ASKED_DTYPES = ("auto", *DTYPES)


def dtype_of(asked: str, engine: EngineName) -> Dtype:
    """The dtype of an option.

    ``auto`` is bfloat16 for vLLM on a GPU, and float32 otherwise. In float32 vLLM has no adapters
    there, and computes four times as slowly. transformers' engine writes updates into the weights,
    of which 16 bits would lose a part.
    """
    if asked == "auto":
        # torch takes seconds to load, and the other engine need not ask it.
        return "bfloat16" if engine == "vllm" and resolved_device("auto") == "cuda" else "float32"
    return cast(Dtype, asked)


def adapter_rank(dtype: Dtype) -> int:
    """The highest rank of an update that vLLM is given as an adapter; others are merged.

    Every adapter costs as much as one of the highest rank. In float32 merging loses nothing, so
    only small ones are taken. In 16 bits merging loses a part of an update: there it is all that
    vLLM allows.
    """
    return 8 if dtype == "float32" else 512


@dataclass(frozen=True)
class EngineOptions:
    """What scores, and how.

    Args:
        name: the name of the engine.
        dtype: the dtype of the weights and of the computation; :func:`dtype_of` has the default of
            the command line.
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
    end a response, ``generated`` counts the tokens of responses so far.
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

    @property
    def generated(self) -> int:
        """Tokens of responses so far."""

    def use_variant(self, variant: Variant) -> AbstractContextManager[None]:
        """Generate with the variant's weights inside the block, and inside it only.

        The block is entered only when it is proven that the engine wears them.
        """

    def beside(self, variant: Variant) -> AbstractContextManager[Any]:
        """A second loaded model, of transformers, with the weights of another variant."""

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
