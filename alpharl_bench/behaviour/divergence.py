"""How far one model's policy is from another's on the other's chains, token by token."""

from collections.abc import Sequence

import torch
from pydantic.dataclasses import dataclass
from torch.nn.functional import kl_div
from transformers import PreTrainedModel

from alpharl_bench.behaviour.reading import logits_of, padded


@dataclass(frozen=True)
class Diverged:
    """A chain as two models read it; sums over its tokens, in nats.

    Args:
        nats: KL(writer ‖ reader), exact over the vocabulary; None where an engine does not give
            whole distributions.
        drawn: log p_writer − log p_reader of the tokens that were drawn, which has the same mean
            over chains of the writer.
    """

    nats: float | None
    drawn: float

    @property
    def estimate(self) -> float:
        """The divergence as well as it is known."""
        return self.drawn if self.nats is None else self.nats


@torch.no_grad()
def diverge(
    writer: PreTrainedModel,
    reader: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    chains: Sequence[Sequence[int]],
    batch_size: int,
) -> list[Diverged]:
    """Compare two policies at every token of chains; one pass of each model for all of them.

    By the chain rule the sum over tokens has the mean KL(writer ‖ reader) of whole responses, where
    the chains are the writer's own samples at temperature 1.

    Args:
        writer: the causal language model that wrote the chains.
        reader: the other one, of the same vocabulary and on the same device.
        prompts: the tokens before each chain, at least one.
        chains: the tokens of each chain; an empty one is 0 apart.
        batch_size: sequences at a time.
    """
    found = [Diverged(0.0, 0.0) for _ in prompts]
    for rows, put, parts in padded(prompts, chains, batch_size):
        tokens = put.to(reader.device)
        nats, drawn = [], []
        both = zip(logits_of(writer, tokens), logits_of(reader, tokens), strict=True)
        for (before, following), (after, _) in both:
            p, q = (logits.log_softmax(-1) for logits in (before, after))
            nats.append(kl_div(q, p, reduction="none", log_target=True).sum(-1))
            drawn.append((p - q).gather(-1, following)[..., 0])
        sums = [torch.cat(each, 1).double() for each in (nats, drawn)]
        for row, (i, part) in enumerate(zip(rows, parts, strict=True)):
            found[i] = Diverged(*(float(each[row, part].sum()) for each in sums))
    return found
