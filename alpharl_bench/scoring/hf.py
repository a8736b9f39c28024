"""The Hugging Face engine: transformers on CPU or CUDA, variants patched into the loaded model."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    GenerationConfig,
    LogitsProcessorList,
    PreTrainedModel,
)

from alpharl_bench.batches import batches
from alpharl_bench.checkpoints.config import load_tokenizer
from alpharl_bench.decoding import AS_ASKED, Decoding
from alpharl_bench.device import resolved_device
from alpharl_bench.extras import requiring
from alpharl_bench.generation import savings
from alpharl_bench.library_logging import quiet_libraries
from alpharl_bench.scoring.biased_logits import BiasedLogits
from alpharl_bench.scoring.encoding import encoding_of
from alpharl_bench.scoring.engines import EngineOptions
from alpharl_bench.scoring.proof import (
    fixed_text,
    log_probabilities,
    notes_on_rounding,
    require_effect,
    supposed,
)
from alpharl_bench.spectral.threads import threads_of_model
from alpharl_bench.variants import Variant
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.patch import PatchedModel

with requiring("score"):
    from lm_eval.models.huggingface import HFLM


# What transformers would fill in where a task leaves it out: the 50 likeliest tokens alone.
_NEUTRAL = {"top_k": 0, "top_p": 1.0}


class SharedPromptLM(HFLM):
    """lm-eval's model of transformers, which does no work that changes no response."""

    #: The tokens that end a response.
    ends: tuple[int, ...] = ()
    decoding: Decoding = AS_ASKED
    #: Gives every batch a seed: how long another one went on changes nothing then. Without it the
    #: state of torch's generator decides.
    seeds: torch.Generator | None = None
    #: Tokens of responses so far, without their ends.
    generated: int = 0

    def _model_generate(
        self, context: torch.Tensor, max_length: int, stop: list[str], **options: Any
    ) -> torch.Tensor:
        if self.seeds is not None:
            torch.manual_seed(int(torch.randint(2**62, (), generator=self.seeds)))
        mask = options["attention_mask"]
        options |= {**self._decoded(context.shape[1]), **savings(self.model, context, mask)}
        if options.get("do_sample"):
            options = {**_NEUTRAL, **options}
        drawn: torch.Tensor = super()._model_generate(context, max_length, stop, **options)
        # An end token is no text, whichever tokenizer calls it a special one.
        new = drawn[:, context.shape[1] :]
        ended = torch.isin(new, torch.tensor(self.ends, device=new.device)).cumsum(dim=1) > 0
        new[ended] = self.tokenizer.pad_token_id
        self.generated += int((~ended).sum())
        return drawn

    def _decoded(self, given: int) -> dict[str, Any]:
        """What the decoding asks of generation."""
        asked: dict[str, Any] = {}
        if self.decoding.biased:
            biased = BiasedLogits(self.decoding, given)
            asked["logits_processor"] = LogitsProcessorList([biased])
        match self.decoding.temperature:
            case None:
                pass
            case 0:
                asked |= {"do_sample": False, "temperature": 0.0}
            case temperature:
                asked |= {"do_sample": True, "temperature": temperature}
        return asked


class HFBackend:
    """The base loaded by transformers; a variant's weights are written over the base's.

    Args:
        source: the run's base and updates.
        options: dtype and batch size.
    """

    notes: tuple[str, ...] = ()
    packages: Mapping[str, str] = MappingProxyType({})
    dies_with: tuple[type[Exception], ...] = ()

    def __init__(self, source: UpdateSource, options: EngineOptions) -> None:
        self.device = resolved_device("auto")
        self._source, folder = source, source.run.base
        encoding = encoding_of(source.run, options.tokenizer)
        self.ends = encoding.ends
        with quiet_libraries():
            model = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=getattr(torch, options.dtype),
                # Not the base's own: it may penalise repetition, suppress tokens, search beams.
                generation_config=GenerationConfig(eos_token_id=list(encoding.ends) or None),
            )
            self._patched = PatchedModel(model.to(self.device).eval(), source)
            self._parameters = model.num_parameters()
            self.lm = SharedPromptLM(
                pretrained=model,
                tokenizer=load_tokenizer(encoding.tokenizer),
                batch_size=options.batch_size,
            )
            self.lm.ends = encoding.ends
        self._dtype = options.dtype
        vocabulary = model.get_input_embeddings().weight.shape[0]
        self._text = fixed_text(vocabulary)
        self._base = log_probabilities(model, self._text)

    @property
    def batch_size(self) -> int:
        """How many sequences are generated together."""
        return int(self.lm.batch_size_per_gpu)

    @property
    def generated(self) -> int:
        """Tokens of responses so far, without their ends."""
        return self.lm.generated

    @contextmanager
    def use_variant(self, variant: Variant) -> Iterator[None]:
        """Generate with the variant's weights inside the block, with the base's behind it.

        Raises:
            AlphaRLBenchError: the variant cannot be made, or the model does not wear it.
        """
        with (
            threads_of_model(self._parameters),
            self._patched.use_variant(variant) as model,
        ):
            found = log_probabilities(model, self._text)
            require_effect(variant.label, found, self._base, self._patched.moved, self._dtype)
            self.notes = notes_on_rounding(
                variant.label,
                self._dtype,
                self._patched.rounding,
                supposed(found, self._base, self._dtype),
                rounded_away=self._patched.asked and not self._patched.differs,
            )
            yield

    @contextmanager
    def beside(self, variant: Variant) -> Iterator[PreTrainedModel]:
        """A second model with the weights of another variant inside the block.

        Raises:
            AlphaRLBenchError: as :meth:`use_variant`.
        """
        with quiet_libraries():
            second = AutoModelForCausalLM.from_pretrained(
                self._source.run.base,
                dtype=getattr(torch, self._dtype),
                generation_config=GenerationConfig(),
            )
        patched = PatchedModel(second.to(self.device).eval(), self._source)
        with patched.use_variant(variant) as model:
            yield model

    @contextmanager
    def decoding(self, decoding: Decoding) -> Iterator[None]:
        """Choose tokens by ``decoding`` inside the block."""
        self.lm.decoding = decoding
        try:
            yield
        finally:
            self.lm.decoding = AS_ASKED

    def draw(self, prompts: Sequence[list[int]], room: int) -> list[list[int]]:
        """A sampled response to each prompt at temperature 1, unless the decoding says otherwise.

        Args:
            prompts: the tokens that are given, at least one each.
            room: the maximum number of generated tokens.

        Returns:
            The new tokens of each, the end token with them if it came to that.
        """
        found: list[list[int]] = [[] for _ in prompts]
        pad = self.lm.tokenizer.pad_token_id
        for batch in batches([len(prompt) for prompt in prompts], self.batch_size):
            length = max(len(prompts[i]) for i in batch)
            missing = [length - len(prompts[i]) for i in batch]
            rows = [[pad] * n + prompts[i] for n, i in zip(missing, batch, strict=True)]
            drawn = self.lm._model_generate(  # noqa: SLF001  (lm-eval gives no tokens otherwise)
                torch.tensor(rows, device=self.device),
                length + room,
                stop=[],
                attention_mask=torch.tensor(
                    [[0] * n + [1] * (length - n) for n in missing], device=self.device
                ),
                do_sample=True,
                temperature=1.0,
            )
            for i, new in zip(batch, drawn[:, length:].tolist(), strict=True):
                # The end token and what stands behind it was made padding.
                ended = new.index(pad) if pad in new else None
                found[i] = new if ended is None else [*new[:ended], *self.ends[:1]]
        return found

    def reseed(self, seed: int) -> None:
        """The same seed for every variant: differences between two of them are paired."""
        self.lm.seeds = torch.Generator().manual_seed(seed)

    def shrink(self) -> None:
        """Halve the batch."""
        self.lm.batch_size_per_gpu = self.batch_size // 2
        if self.device == "cuda":
            torch.cuda.empty_cache()

    def close(self) -> None:
        """Nothing but memory is held."""
