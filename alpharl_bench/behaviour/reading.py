"""Teacher forcing: what a model would have said at every position of a given chain (Appendix D)."""

from collections.abc import Sequence

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

    Sequences are padded at their end, where a causal model does not look. Long ones are read in
    parts, behind the kept keys and values of what came before, so that their logits fit.

    Args:
        model: a causal language model.
        prompts: the tokens before each chain, at least one.
        chains: the tokens to read; a chain may be empty.
        batch_size: sequences at a time.
    """
    whole = [[*prompt, *chain] for prompt, chain in zip(prompts, chains, strict=True)]
    found = [Read((), ()) for _ in whole]
    for batch in batches([len(tokens) for tokens in whole], batch_size):
        length = max(len(whole[i]) for i in batch)
        tokens = torch.tensor([whole[i] + [0] * (length - len(whole[i])) for i in batch])
        chosen, surprise = _positions(model, tokens.to(model.device))
        for row, i in enumerate(batch):
            # What stands at position p is predicted at p − 1.
            part = slice(len(prompts[i]) - 1, len(whole[i]) - 1)
            found[i] = Read(tuple(chosen[row, part].tolist()), tuple(surprise[row, part].tolist()))
    return found


def _positions(model: PreTrainedModel, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(b, t − 1) the greedy token and the surprise at every position of (b, t) tokens."""
    total = tokens.shape[1] - 1
    part = max(1, _LOGITS // (len(tokens) * model.config.get_text_config().vocab_size))
    chosen, surprise, kept = [], [], None
    for start in range(0, total, part):
        end = min(start + part, total)
        output = model(
            input_ids=tokens[:, start:end],
            attention_mask=torch.ones_like(tokens[:, :end]),
            past_key_values=kept,
            use_cache=True,
        )
        kept = output.past_key_values
        logits = output.logits.float()
        chosen.append(logits.argmax(-1))
        next_tokens = tokens[:, start + 1 : end + 1, None]
        surprise.append(-logits.log_softmax(-1).gather(-1, next_tokens)[..., 0])
    return torch.cat(chosen, 1), torch.cat(surprise, 1)


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
