"""The biases of a decoding, for vLLM's engine, which loads this in its own processes."""

from functools import cache, partial
from pathlib import Path

import torch
from vllm import SamplingParams
from vllm.v1.sample.logits_processor import AdapterLogitsProcessor, RequestLogitsProcessor

from alpharl_bench.decoding import DECODING, Decoding
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
        return None if file is None else partial(_biased, _read(Path(file)))


def _biased(decoding: Decoding, output: list[int], logits: torch.Tensor) -> torch.Tensor:
    changed = logits + vector(decoding.bias, logits)
    return changed if output else changed + vector(decoding.first, logits)


@cache
def _read(file: Path) -> Decoding:
    return DECODING.validate_json(file.read_bytes())
