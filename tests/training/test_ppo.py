import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from alpharl_bench.checkpoints import open_run
from alpharl_bench.training import trainers
from alpharl_bench.training.history import history
from alpharl_bench.training.ppo import CRITIC_FILE, Critic, clipped_value_loss
from alpharl_bench.training.trainers import TRAINERS
from tests.training.tiny import job, parity_reward, short, tiny_base, trained, weights


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_base(tmp_path_factory.mktemp("base"))


def test_the_value_loss_worked_by_hand():
    # Old value 0, return 1, clip 0.2. A step to 0.5 counts as one to 0.2: half of 0.8² = 0.32.
    # A step away to −0.5 counts in full: half of 1.5² = 1.125. The third token does not count.
    values = torch.tensor([[0.5, -0.5, 7.0]])
    loss = clipped_value_loss(
        values, torch.zeros(1, 3), torch.ones(1, 3), torch.tensor([[1, 1, 0]]), clip=0.2
    )
    assert loss.item() == pytest.approx((0.32 + 1.125) / 2)


def batch(prompts, completions):
    return {
        "prompt_ids": torch.tensor(prompts),
        "prompt_mask": (torch.tensor(prompts) != 0).long(),
        "completion_ids": torch.tensor(completions),
        "completion_mask": (torch.tensor(completions) != 0).long(),
    }


@pytest.mark.parametrize("model", ["qwen3-facts", "glm4-facts"])
def test_a_value_knows_what_stands_before_its_token_and_nothing_else(model, tmp_path):
    critic = Critic(tiny_base(tmp_path, model))
    with torch.no_grad():
        assert not critic(batch([[5, 6]], [[7, 8, 9, 1]])).any()
        critic.head.weight.normal_()
        values = critic(batch([[5, 6]], [[7, 8, 9, 1]]))[0]
        changed = critic(batch([[5, 6]], [[7, 8, 10, 1]]))[0]
        padded = critic(batch([[0, 0, 5, 6]], [[7, 8, 9, 1]]))[0]
    assert values.shape == (4,)
    torch.testing.assert_close(values[:3], changed[:3])
    assert abs(values[3] - changed[3]) > 1e-3
    torch.testing.assert_close(values, padded, rtol=1e-4, atol=1e-5)


def test_advantages_come_from_terminal_rewards_and_the_critics_values(base, tmp_path, monkeypatch):
    monkeypatch.setattr(trainers, "verifiable_reward", parity_reward)
    trainer = TRAINERS["ppo"](job(short("ppo"), base, tmp_path))
    with torch.no_grad():
        trainer.critic.head.weight.normal_()
    trainer.model.train()
    rows = [trainer.train_dataset[i] for i in range(16) for _ in range(4)]
    made = trainer._generate_and_score_completions(rows)
    mask = made["completion_mask"].numpy()
    assert mask.min() == 0, "some responses end before others"
    sums = (made["completion_ids"].numpy() * mask).sum(axis=1)
    rewards = (sums % 2 == 0).astype(float)
    # λ = γ = 1: every token's return is its response's reward.
    np.testing.assert_allclose(made["returns"], rewards[:, None] * mask, atol=1e-5)
    raw = (rewards[:, None] - made["values"].numpy())[mask == 1]
    np.testing.assert_allclose(
        made["advantages"].numpy()[mask == 1], (raw - raw.mean()) / raw.std(), atol=1e-4
    )
    assert not made["advantages"].numpy()[mask == 0].any()


def test_the_critic_learns_apart_from_the_policy(base, tmp_path, monkeypatch):
    def always_right(completions, **_):
        return [1.0] * len(completions)

    monkeypatch.setattr(trainers, "verifiable_reward", always_right)
    last = trained(short("ppo"), base, tmp_path / "run")
    first = last.parent / "checkpoint-2"
    figures = history(last.parent)
    # Before the first step every value is 0: equal advantages, and half of 1² to learn.
    assert figures[0]["value_loss"] == pytest.approx(0.5)
    assert figures[0]["grad_norm"] == 0
    assert figures[-1]["value_error"] < figures[0]["value_error"]
    critics = [load_file(folder / CRITIC_FILE) for folder in (first, last)]
    assert all(not critics[0][name].equal(critics[1][name]) for name in critics[0])
    # What is measured is the policy: the critic is no part of it.
    assert weights(last).keys() == weights(base).keys()
    assert open_run(last.parent, base, name="run").steps == (2, 4)


def test_a_rollout_may_serve_several_clipped_updates(base, tmp_path, monkeypatch):
    monkeypatch.setattr(trainers, "verifiable_reward", parity_reward)
    last = trained(short("ppo", num_iterations=2, learning_rate=1e-1), base, tmp_path / "run")
    clipped = [step["clip_ratio/region_mean"] for step in history(last.parent)]
    # The first update of each rollout is on policy.
    assert clipped[0] == clipped[2] == 0
    assert clipped[1] > 0
