"""The control of policy recovery: the base with each token's logit shifted by one number.

It takes no direction of any matrix. One number is added to each token's logit, and another to that
of each first token; they are fitted to the trained policy on one half of the questions and read on
the other, and the reverse.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch.nn.functional import kl_div

from alpharl_bench.behaviour.asking import Asking
from alpharl_bench.behaviour.chains import Chain
from alpharl_bench.behaviour.reading import logits_of, padded
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.scoring.engines import Backend
from alpharl_bench.variants import BASE, FULL


def recovered_by_shift(asking: Asking, engine: ScoringEngine, chains: Sequence[Chain]) -> float:
    """The policy recovery of a logit shift."""
    prompts, tokens = asking.prompts, [chain.tokens for chain in chains]
    before, after, question, first = engine.use_variant(
        BASE, partial(_distributions, prompts=prompts, chains=tokens)
    )
    return recovery(before, after, question, first)


def recovery(
    before: torch.Tensor, after: torch.Tensor, question: torch.Tensor, first: torch.Tensor
) -> float:
    """The part of a policy's change that a shift makes which was fitted to other questions.

    Args:
        before: (n, v) float64 logits of the base.
        after: (n, v) float64 log-probabilities of the trained model.
        question: (n,) the place of each token's question.
        first: (n,) bool: which tokens are the first of their chain.
    """
    left = 0.0
    for half in (0, 1):
        fitted = question % 2 == half
        shift = fit_shift(before[fitted], after[fitted], first[fitted])
        moved = before[~fitted] + _added(shift, first[~fitted])
        left += float(_nats(moved, after[~fitted]).sum())
    return 1 - left / float(_nats(before, after).sum())


def fit_shift(before: torch.Tensor, after: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
    """The shift that brings a policy closest to another, in mean KL divergence: a convex problem.

    Args:
        before: (n, v) float64 logits of the policy that is shifted.
        after: (n, v) float64 log-probabilities of the other.
        first: (n,) bool: which are of first tokens.

    Returns:
        (2, v): what is added everywhere, and what to first tokens beside.
    """
    shift = torch.zeros(2, before.shape[1], dtype=before.dtype, requires_grad=True)
    solver = torch.optim.LBFGS([shift], max_iter=500, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        solver.zero_grad()
        # A token that neither policy says has no shift that would be best.
        value = _nats(before + _added(shift, first), after).mean() + 1e-6 * shift.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    solver.step(loss)  # type: ignore[no-untyped-call]
    return shift.detach()


def _added(shift: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
    return shift[0] + first[:, None] * shift[1]


def _nats(logits: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    return kl_div(logits.log_softmax(-1), after, reduction="none", log_target=True).sum(-1)


@torch.no_grad()
def _distributions(
    backend: Backend, prompts: Sequence[Sequence[int]], chains: Sequence[Sequence[int]]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of every token of the chains what both models say of it, and where it stands.

    Returns:
        (n, v) the base's logits; (n, v) the trained model's log-probabilities; (n,) the places of
        the questions; (n,) whether the token is the first of its chain.
    """
    before, after, question, first = [], [], [], []
    with backend.beside(FULL) as trained:
        for rows, put, parts in padded(prompts, chains, backend.batch_size):
            models = (backend.lm.model, trained)
            logits = [torch.cat([one for one, _ in logits_of(m, put)], 1).double() for m in models]
            for row, (i, part) in enumerate(zip(rows, parts, strict=True)):
                before.append(logits[0][row, part])
                after.append(logits[1][row, part].log_softmax(-1))
                question += [i] * len(before[-1])
                first += [n == 0 for n in range(len(before[-1]))]
    return torch.cat(before), torch.cat(after), torch.tensor(question), torch.tensor(first)
