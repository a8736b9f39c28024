"""Teacher forcing: what a model would have said at every position of a given chain (Appendix D)."""

from collections.abc import Iterator, Sequence

import torch
from pydantic.dataclasses import dataclass
from transformers import PreTrainedModel

from alpharl_bench.batches import batches
from alpharl_bench.behaviour.measurements import beginning

#: Logits that are held at a time: 1 GiB of float32.
_LOGITS = 2**28


@dataclass(frozen=True)
class Read:
    """A chain as a model read it: at every position its own choice, and how surprised it was.

    Args:
        chosen: (n,) the model's greedy token.
        surprise: (n,) −log p of the chain's token, in nats.
    """

    chosen: tuple[int, ...]
    surprise: tuple[float, ...]


@torch.no_grad()
def read(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    chains: Sequence[Sequence[int]],
    batch_size: int,
) -> list[Read]:
    """Read a chain behind every prompt; one pass for all positions.

    Long sequences are read in parts, behind the kept keys and values of what came before, so that
    their logits fit.

    Args:
        model: a causal language model.
        prompts: the tokens before each chain, at least one.
        chains: the tokens to read; a chain may be empty.
        batch_size: sequences at a time.
    """
    found = [Read((), ()) for _ in prompts]
    for rows, tokens, parts in padded(prompts, chains, batch_size):
        chosen, surprise = _positions(model, tokens.to(model.device))
        for row, (i, part) in enumerate(zip(rows, parts, strict=True)):
            found[i] = Read(tuple(chosen[row, part].tolist()), tuple(surprise[row, part].tolist()))
    return found


def padded(
    prompts: Sequence[Sequence[int]], chains: Sequence[Sequence[int]], batch_size: int
) -> Iterator[tuple[Sequence[int], torch.Tensor, list[slice]]]:
    """Prompts with their chains in batches, padded at the end, where a causal model does not look.

    Yields:
        The places of a batch's sequences, (b, t) their tokens, and of each the positions at which
        its chain is predicted.
    """
    whole = [[*prompt, *chain] for prompt, chain in zip(prompts, chains, strict=True)]
    for batch in batches([len(tokens) for tokens in whole], batch_size):
        length = max(len(whole[i]) for i in batch)
        tokens = torch.tensor([whole[i] + [0] * (length - len(whole[i])) for i in batch])
        # What stands at position p is predicted at p − 1.
        yield batch, tokens, [slice(len(prompts[i]) - 1, len(whole[i]) - 1) for i in batch]


def _positions(model: PreTrainedModel, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(b, t − 1) the greedy token and the surprise at every position of (b, t) tokens."""
    chosen, surprise = [], []
    for logits, following in logits_of(model, tokens):
        chosen.append(logits.argmax(-1))
        surprise.append(-logits.log_softmax(-1).gather(-1, following)[..., 0])
    return torch.cat(chosen, 1), torch.cat(surprise, 1)


def logits_of(
    model: PreTrainedModel, tokens: torch.Tensor
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """The logits before every token but the first, in parts that fit into memory.

    Args:
        model: a causal language model.
        tokens: (b, t) int64, padded at the end.

    Yields:
        (b, p, v) float32, and (b, p, 1) the tokens that follow; the parts p sum to t − 1.
    """
    total, kept = tokens.shape[1] - 1, None
    part = max(1, _LOGITS // (len(tokens) * model.config.get_text_config().vocab_size))
    for start in range(0, total, part):
        end = min(start + part, total)
        output = model(
            input_ids=tokens[:, start:end],
            attention_mask=torch.ones_like(tokens[:, :end]),
            past_key_values=kept,
            use_cache=True,
        )
        kept = output.past_key_values
        yield output.logits.float(), tokens[:, start + 1 : end + 1, None]


def figures(chain: Sequence[int], found: Read) -> dict[str, float]:
    """What :class:`~alpharl_bench.behaviour.TeacherForced` counts; zeros of an empty chain."""
    other = [token != chosen for token, chosen in zip(chain, found.chosen, strict=True)]
    early = beginning(len(chain))
    return {
        "positions": len(chain),
        "non-greedy": sum(other),
        "surprise": sum(found.surprise),
        "early positions": early,
        "early non-greedy": sum(other[:early]),
    }
