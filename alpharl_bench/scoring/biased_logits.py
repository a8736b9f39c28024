"""The logits of a decoding, for transformers."""

from collections.abc import Mapping

import torch
from transformers import LogitsProcessor

from alpharl_bench.decoding import Decoding


class BiasedLogits(LogitsProcessor):
    """Adds a decoding's biases, those of the first token where nothing was generated yet.

    Args:
        decoding: the decoding.
        given: the number of tokens that are given, padding included.
    """

    def __init__(self, decoding: Decoding, given: int) -> None:
        self._decoding, self._given = decoding, given
        self._vectors: tuple[torch.Tensor, torch.Tensor] | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """The changed logits, (rows, vocabulary)."""
        if self._vectors is None:
            everywhere = vector(self._decoding.bias, scores)
            self._vectors = everywhere, everywhere + vector(self._decoding.first, scores)
        everywhere, at_first = self._vectors
        return scores + (at_first if input_ids.shape[1] == self._given else everywhere)


def vector(biases: Mapping[int, float], like: torch.Tensor) -> torch.Tensor:
    """Biases as a vector over the vocabulary, (V,), with dtype and device of some logits."""
    vector = torch.zeros(like.shape[-1], dtype=like.dtype, device=like.device)
    for token, bias in biases.items():
        vector[token] = bias
    return vector
