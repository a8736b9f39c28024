"""Extrapolate the logits of two models at every decoding step (RLVR-Linearity, 2601.04537)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from alpharl_bench.checkpoints import Weights
from alpharl_bench.lazy import torch

if TYPE_CHECKING:
    # It takes seconds to load, and most who know of updates run no model.
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class ExtrapolatedLogits:
    """z₁ + α(z₂ − z₁) at every decoding step: two models of a run, and no weights that do that.

    Args:
        earlier: gives z₁.
        later: gives z₂.
        alpha: 1 is the later model, more goes beyond it.
    """

    earlier: Weights
    later: Weights
    alpha: float


@contextmanager
def extrapolated_logits(
    model: PreTrainedModel, later: PreTrainedModel, alpha: float
) -> Iterator[None]:
    """Inside the block ``model`` returns z₁ + α(z₂ − z₁) in place of its own logits z₁.

    At α = 0 they are its own to the bit, at α = 1 those of the later model. Whatever samples from
    the model goes on as before; the later model keeps keys and values of its own.

    Args:
        model: gives z₁.
        later: gives z₂; of the same architecture, on the same device.
        alpha: 1 is the later model, more goes beyond it.
    """
    # The later model's keys and values beside each of the first one's, as long as those live.
    caches: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def extrapolate(_: object, args: tuple[Any, ...], inputs: dict[str, Any], output: Any) -> Any:
        begun = inputs.get("past_key_values")
        # An empty cache is not known here yet: then the later model begins one, too.
        beside = None if begun is None else caches.get(begun)
        with torch.no_grad():
            found = later(*args, **{**inputs, "past_key_values": beside})
        if output.past_key_values is not None:
            caches[output.past_key_values] = found.past_key_values
        # lerp is exact at both ends.
        output.logits = torch.lerp(output.logits.float(), found.logits.float(), alpha).to(
            output.logits.dtype
        )
        return output

    hook = model.register_forward_hook(extrapolate, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()
