from collections import Counter

import numpy as np
import pytest

from alpharl_bench.training import trainers
from alpharl_bench.training.trainers import TRAINERS
from tests.training.tiny import job, short, tiny_base

GROUP = 4


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_base(tmp_path_factory.mktemp("base"))


def trainer_with(reward, base, folder, monkeypatch, rounds):
    monkeypatch.setattr(trainers, "verifiable_reward", reward)
    dapo = short("dapo", steps_per_generation=1)
    options = {**dapo.options, "sampling_rounds": rounds, "overlong_tokens": 0}
    return TRAINERS["grpo"](job(dapo.model_copy(update={"options": options}), base, folder))


def batch_of(trainer, groups=4):
    """What the trainer makes of the first prompts of its dataset."""
    rows = [trainer.train_dataset[i] for i in range(groups) for _ in range(GROUP)]
    trainer.model.train()
    batch = trainer._generate_and_score_completions(rows)
    texts = trainer.processing_class.batch_decode(batch["prompt_ids"], skip_special_tokens=True)
    return batch, texts, [row["prompt"] for row in rows]


def figures(trainer):
    return {
        name.removeprefix("sampling/"): values
        for name, values in trainer._metrics["train"].items()
        if name.startswith("sampling/")
    }


def alternating_on(wanted):
    """Right and wrong in turn where ``wanted`` says so of the prompt, all wrong elsewhere."""

    def reward(prompts, **_):
        return [float(wanted(prompt) and i % 2 == 0) for i, prompt in enumerate(prompts)]

    return reward


def test_a_batch_is_filled_with_groups_that_have_a_contrast(base, tmp_path, monkeypatch):
    def is_addition(prompt):
        return "+" in prompt

    seen = []

    def reward(prompts, **_):
        seen.append(list(prompts))
        return alternating_on(is_addition)(prompts)

    trainer = trainer_with(reward, base, tmp_path, monkeypatch, rounds=10)
    monkeypatch.setattr(trainer, "train_dataset", trainer.train_dataset.shuffle(seed=2))
    batch, texts, asked = batch_of(trainer)
    # Some of the prompts that were asked for had to be replaced.
    assert 0 < sum(map(is_addition, asked)) < len(asked)
    assert all(map(is_addition, texts))
    assert len(texts) == len(asked) == 16
    # The ones that had a contrast are kept, in their order and before all others.
    kept = [prompt for prompt in asked if is_addition(prompt)]
    assert texts[: len(kept)] == kept
    # Groups stay together.
    assert all(len(set(texts[i : i + GROUP])) == 1 for i in range(0, 16, GROUP))
    assert all(batch["advantages"] != 0)
    drawn = sum(map(len, seen)) // GROUP
    contrast = sum(map(is_addition, [prompt for prompts in seen for prompt in prompts])) // GROUP
    assert figures(trainer) == {
        "rounds": [len(seen)],
        "drawn_per_trained": [drawn / 4],
        "with_contrast": [contrast / drawn],
        "unfilled": [0],
    }
    # A refill draws twice as many groups as are missing.
    assert len(seen[1]) == 2 * (16 - len(kept))


def test_every_response_keeps_its_own_reward(base, tmp_path, monkeypatch):
    def reward(completion_ids, **_):
        return [float(sum(ids) % 2) for ids in completion_ids]

    trainer = trainer_with(reward, base, tmp_path, monkeypatch, rounds=3)
    batch, _, _ = batch_of(trainer)
    sums = (batch["completion_ids"] * batch["completion_mask"]).sum(dim=1)
    rewards = (sums.numpy() % 2).reshape(-1, GROUP)
    # DAPO's advantage: the reward in units of its group's standard deviation.
    spread = rewards.std(axis=1, ddof=1, keepdims=True) + 1e-4
    expected = (rewards - rewards.mean(axis=1, keepdims=True)) / spread
    np.testing.assert_allclose(batch["advantages"], expected.ravel(), atol=1e-5)


@pytest.mark.parametrize("everywhere", [0.0, 1.0])
def test_where_no_group_has_a_contrast_the_first_ones_are_taken(
    everywhere, base, tmp_path, monkeypatch
):
    def reward(prompts, **_):
        return [everywhere] * len(prompts)

    trainer = trainer_with(reward, base, tmp_path, monkeypatch, rounds=3)
    batch, texts, asked = batch_of(trainer)
    assert texts == asked
    assert not batch["advantages"].any()
    # 4 groups, then twice 8.
    assert figures(trainer) == {
        "rounds": [3],
        "drawn_per_trained": [5],
        "with_contrast": [0],
        "unfilled": [1],
    }


def test_nothing_is_drawn_again_where_every_group_has_a_contrast(base, tmp_path, monkeypatch):
    trainer = trainer_with(alternating_on(bool), base, tmp_path, monkeypatch, rounds=3)
    _, texts, asked = batch_of(trainer)
    assert texts == asked
    assert figures(trainer)["rounds"] == [1]


def test_fresh_prompts_depend_on_seed_and_step_alone(base, tmp_path, monkeypatch):
    trainer = trainer_with(alternating_on(bool), base, tmp_path, monkeypatch, rounds=2)

    def first(step):
        trainer.state.global_step = step
        rows = trainer._fresh_rows()
        return [next(rows)["prompt"] for _ in range(30)]

    assert first(3) == first(3) != first(4)
    assert max(Counter(first(3)).values()) <= 3


def test_a_contrast_is_one_of_correctness_alone(base, tmp_path, monkeypatch):
    monkeypatch.setattr(trainers, "verifiable_reward", alternating_on(lambda _: False))
    trainer = TRAINERS["grpo"](job(short("dapo"), base, tmp_path))
    batch, texts, asked = batch_of(trainer)
    # Punished for their length, and so with an advantage, but replaced as long as it was possible.
    assert trainer.reward_func_names == ["reward", "soft_overlong_punishment_reward"]
    assert figures(trainer)["with_contrast"] == [0]
    assert texts == asked
    lengths = batch["completion_mask"].sum(dim=1).numpy()
    # Nothing up to 8 of 12 tokens, then in equal steps to −1.
    punishments = -np.clip(lengths - 8, 0, 4).reshape(-1, GROUP) / 4
    expected = punishments - punishments.mean(axis=1, keepdims=True)
    spread = punishments.std(axis=1, ddof=1, keepdims=True) + 1e-4
    assert punishments.std() > 0
    np.testing.assert_allclose(batch["advantages"], (expected / spread).ravel(), atol=1e-5)
