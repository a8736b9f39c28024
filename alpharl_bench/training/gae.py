"""Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438)."""

import torch


def generalised_advantages(
    rewards: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor,
    *,
    discount: float,
    decay: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Advantages and returns of the tokens of responses that end with their last token.

    δ_t = r_t + γ V_{t+1} − V_t and A_t = δ_t + γλ A_{t+1}, where both V and A are 0 behind a
    response's last token. The return of a token is A_t + V_t.

    Args:
        rewards: the rewards of each token, (responses, tokens) float.
        values: V_t, what is expected before token t is drawn, of the same shape.
        mask: 1 for a response's tokens, from the first column on, 0 for the padding behind them.
        discount: γ.
        decay: λ; 1 gives Monte Carlo advantages, 0 those of one step.

    Returns:
        Advantages and returns, both of the same shape and 0 in the padding.
    """
    rewards, values = rewards * mask, values * mask
    behind = torch.zeros_like(values[:, :1])
    errors = (rewards + discount * torch.cat([values[:, 1:], behind], dim=1) - values) * mask
    advantage, reversed_advantages = behind[:, 0], []
    for error in reversed(errors.unbind(dim=1)):
        advantage = error + discount * decay * advantage
        reversed_advantages.append(advantage)
    advantages = torch.stack(reversed_advantages[::-1], dim=1)
    return advantages, advantages + values


def at_last_token(rewards: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """A reward for each whole response, put on its last token and 0 on all others.

    Args:
        rewards: (responses,) float.
        mask: (responses, tokens), see :func:`generalised_advantages`; a row of zeros gets nothing.

    Returns:
        (responses, tokens) float.
    """
    lengths = mask.sum(dim=1, keepdim=True)
    columns = torch.arange(mask.shape[1], device=mask.device)
    return torch.where(columns == lengths - 1, rewards.unsqueeze(1), 0.0)


def whitened(advantages: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Advantages with mean 0 and standard deviation 1 over all tokens of a batch, 0 elsewhere."""
    tokens = advantages[mask.bool()]
    spread = tokens.std(correction=0) + 1e-8
    return (advantages - tokens.mean()) / spread * mask
