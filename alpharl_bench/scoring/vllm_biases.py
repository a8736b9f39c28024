"""The biases of a decoding, for vLLM's engine, which loads this in its own processes."""

from functools import lru_cache, partial
from pathlib import Path

import torch
from vllm import SamplingParams
from vllm.v1.sample.logits_processor import AdapterLogitsProcessor, RequestLogitsProcessor

from alpharl_bench.decoding import DECODING
from alpharl_bench.scoring.biased_logits import vector

#: Of a request's extra arguments: the file with its decoding.
BIASES = "alpharl_bench_biases"


class Biases(AdapterLogitsProcessor):
    """Adds the biases that a request names; other requests are left as they are."""

    def is_argmax_invariant(self) -> bool:
        """It is not: biases change which token is the likeliest."""
        return False

    def new_req_logits_processor(self, params: SamplingParams) -> RequestLogitsProcessor | None:
        """What is done to the logits of one request."""
        file = (params.extra_args or {}).get(BIASES)
        return None if file is None else partial(_biased, Path(file))


def _biased(file: Path, output: list[int], logits: torch.Tensor) -> torch.Tensor:
    everywhere, at_first = _vectors(file, logits.shape[-1], logits.dtype, logits.device)
    return logits + (everywhere if output else at_first)


# Every token of every response asks for them.
@lru_cache(maxsize=4)
def _vectors(
    file: Path, width: int, dtype: torch.dtype, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    decoding = DECODING.validate_json(file.read_bytes())
    like = torch.empty(width, dtype=dtype, device=device)
    everywhere = vector(decoding.bias, like)
    return everywhere, everywhere + vector(decoding.first, like)
