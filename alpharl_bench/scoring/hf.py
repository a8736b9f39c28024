"""The Hugging Face engine: transformers on CPU or CUDA, variants patched into the loaded model."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.quiet import quiet_libraries
from alpharl_bench.scoring.engines import EngineOptions
from alpharl_bench.variants import Variant
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.patch import PatchedModel


class HFBackend:
    """The base loaded by transformers; a variant's weights are written over the base's.

    Args:
        source: the run's base and updates.
        options: dtype and batch size.
    """

    packages: Mapping[str, str] = MappingProxyType({})
    dies_with: tuple[type[Exception], ...] = ()

    def __init__(self, source: UpdateSource, options: EngineOptions) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        folder = source.run.base
        with quiet_libraries():
            model = AutoModelForCausalLM.from_pretrained(
                folder, dtype=getattr(torch, options.dtype)
            )
            self._patched = PatchedModel(model.to(self.device).eval(), source)
            self.lm = HFLM(
                pretrained=model,
                tokenizer=AutoTokenizer.from_pretrained(folder),
                batch_size=options.batch_size,
            )

    @property
    def batch_size(self) -> int:
        """How many sequences are generated together."""
        return int(self.lm.batch_size_per_gpu)

    @contextmanager
    def wearing(self, variant: Variant) -> Iterator[None]:
        """Generate with the variant's weights inside the block, with the base's behind it."""
        with self._patched.wearing(variant):
            yield

    def reseed(self, seed: int) -> None:
        """The same seed for every variant: differences between two of them are paired."""
        torch.manual_seed(seed)

    def shrink(self) -> None:
        """Halve the batch."""
        self.lm.batch_size_per_gpu = self.batch_size // 2
        if self.device == "cuda":
            torch.cuda.empty_cache()

    def close(self) -> None:
        """Nothing but memory is held."""
