"""PPO (arXiv 1707.06347) with a critic of its own, on the rollouts of TRL's GRPOTrainer."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model, save_model
from torch import nn
from transformers import AutoModel
from trl import GRPOTrainer

from alpharl_bench.training.gae import at_last_token, generalised_advantages, whitened
from alpharl_bench.training.job import Options

#: The critic, beside the trainer's state in a checkpoint; needed only to resume.
CRITIC_FILE = "critic.safetensors"


class PPOOptions(Options):
    """What PPO takes beside the fields of ``trl.GRPOConfig``.

    Args:
        gamma: the discount of rewards.
        gae_lambda: λ of the advantages.
        value_learning_rate: the critic's.
        value_clip: how far a value may move from that at the rollout before its loss is clipped.
    """

    gamma: float
    gae_lambda: float
    value_learning_rate: float
    value_clip: float


class Critic(nn.Module):
    """What is expected before each token: the base with a head of one value, at first 0.

    A model of its own, as in Open-Reasoner-Zero (arXiv 2503.24290): on a shared trunk the gradients
    of the values would go into the update that is measured.
    """

    def __init__(self, base: Path) -> None:
        super().__init__()
        self.trunk = AutoModel.from_pretrained(base, dtype=torch.float32)
        self.head = nn.Linear(self.trunk.config.hidden_size, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, batch: dict[str, Any]) -> torch.Tensor:
        """The values before each token of the completions, (responses, tokens).

        Args:
            batch: ``prompt_ids`` padded on the left and ``completion_ids`` on the right, each with
                its mask.
        """
        states = self.trunk(
            input_ids=torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1),
            attention_mask=torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1),
            use_cache=False,
        ).last_hidden_state
        # The state in which a token is drawn is that behind the token before it.
        tokens = batch["completion_ids"].shape[1]
        values: torch.Tensor = self.head(states[:, -tokens - 1 : -1]).squeeze(-1)
        return values


class PPOTrainer(GRPOTrainer):
    """PPO: the reward of a whole response at its last token, GAE, clipped policy and value losses.

    GRPO's trainer draws the responses, and its token-wise loss is PPO's clipped objective; only
    the advantages differ. They are whitened over all tokens of a batch. The critic has a learning
    rate of its own in the same optimizer, so that a checkpoint holds the state of both.

    Logs ``value_loss`` and ``value_error``, the mean square of what the critic missed the returns
    by at the rollout.
    """

    def __init__(self, *args: Any, critic: Critic, options: PPOOptions, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.critic = critic.to(self.accelerator.device)
        self._options = options

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """The policy's optimizer, with the critic as a further group of parameters."""
        optimizer: torch.optim.Optimizer = super().create_optimizer(model)
        optimizer.add_param_group(
            {
                "params": list(self.critic.parameters()),
                "lr": self._options.value_learning_rate,
                "weight_decay": 0.0,
            }
        )
        return optimizer

    def _calculate_rewards(self, *args: Any) -> torch.Tensor:
        rewards: torch.Tensor = super()._calculate_rewards(*args)
        self._rewards = (rewards * self.reward_weights.to(rewards.device)).nansum(dim=1)
        return rewards

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super()._generate_and_score_completions(inputs)
        mask = batch["completion_mask"]
        with torch.no_grad():
            values = self.critic(batch) * mask
        advantages, returns = generalised_advantages(
            at_last_token(self._rewards, mask),
            values,
            mask,
            discount=self._options.gamma,
            decay=self._options.gae_lambda,
        )
        error = _mean(torch.square(returns - values), mask)
        self._metrics["train"]["value_error"].append(error.item())
        return {
            **batch,
            "advantages": whitened(advantages, mask),
            "values": values,
            "returns": returns,
        }

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """One forward and backward pass of both models."""
        # transformers resets the gradients of the model that it trains, and of no other.
        if self._step % self.current_gradient_accumulation_steps == 0:
            self.critic.zero_grad()
        loss: torch.Tensor = super().training_step(*args, **kwargs)
        return loss

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        policy_loss: torch.Tensor = super()._compute_loss(model, inputs)
        value_loss = clipped_value_loss(
            self.critic(inputs),
            inputs["values"],
            inputs["returns"],
            inputs["completion_mask"],
            clip=self._options.value_clip,
        )
        self._metrics["train"]["value_loss"].append(value_loss.item())
        both: torch.Tensor = policy_loss + value_loss / self.current_gradient_accumulation_steps
        return both

    def _clip_grad_norm(self, model: Any) -> Any:
        # Apart from the policy's: a large gradient of the critic must not shorten its step.
        self.accelerator.clip_grad_norm_(self.critic.parameters(), self.args.max_grad_norm)
        return super()._clip_grad_norm(model)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        super()._save_optimizer_and_scheduler(output_dir)
        save_model(self.critic, str(Path(output_dir) / CRITIC_FILE))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is not None:
            load_model(self.critic, Path(checkpoint) / CRITIC_FILE)


def clipped_value_loss(
    values: torch.Tensor,
    old: torch.Tensor,
    returns: torch.Tensor,
    mask: torch.Tensor,
    *,
    clip: float,
) -> torch.Tensor:
    """Half the mean square error of the values, the larger of plain and clipped for each token.

    Args:
        values: the critic's now, (responses, tokens).
        old: those at the rollout; ``values`` are clipped to ``old`` ± ``clip``.
        returns: the targets of the values.
        mask: 1 for the tokens that count.
        clip: see ``old``.
    """
    near = old + torch.clamp(values - old, -clip, clip)
    squares = torch.maximum(torch.square(values - returns), torch.square(near - returns))
    return 0.5 * _mean(squares, mask)


def _mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)
