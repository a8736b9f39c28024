"""From a run to the trainer that makes it: TRL's wherever TRL has it.

To add a trainer, write its function and one line in ``TRAINERS``; its name becomes a possible value
of ``trainer`` in a recipe.
"""

from collections.abc import Callable
from typing import Any

import transformers
from pydantic import Field
from trl import (
    DistillationConfig,
    DPOConfig,
    DPOTrainer,
    GRPOConfig,
    GRPOTrainer,
    RLOOConfig,
    RLOOTrainer,
    SFTConfig,
    SFTTrainer,
)
from trl.rewards import get_soft_overlong_punishment

from alpharl_bench.registry import Trainer
from alpharl_bench.training import self_play
from alpharl_bench.training.data import pairs, prompts, solutions
from alpharl_bench.training.distillation import OnPolicyDistillationTrainer
from alpharl_bench.training.dynamic_sampling import DynamicSamplingTrainer
from alpharl_bench.training.job import Job, Options
from alpharl_bench.training.ppo import Critic, PPOOptions, PPOTrainer
from alpharl_bench.training.rewards import verifiable_reward
from alpharl_bench.training.shared_prompts import SharedPrompts, SharedPromptsRLOO


class RolloutOptions(Options):
    """What RL takes beside the fields of TRL's config.

    Args:
        shared_prompts: read a prompt once for all responses to it.
    """

    shared_prompts: bool = False


class GroupOptions(RolloutOptions):
    """What group-relative RL takes beside them.

    Args:
        sampling_rounds: the maximum number of rounds of dynamic sampling; 1 trains on the first
            draw.
        overlong_tokens: the last tokens of a response's length limit, over which a punishment
            grows from 0 to −1 (DAPO §3.4); 0 for none.
    """

    sampling_rounds: int = Field(default=1, ge=1)
    overlong_tokens: int = Field(default=0, ge=0)


class SolutionOptions(Options):
    """What SFT learns from, see ``data.SOURCES``, and who teaches, as :class:`TeacherOptions`.

    ``samples_per_prompt`` are drawn where responses are sampled; the first right one is learned.
    """

    data: str
    teacher: str | None = None
    samples_per_prompt: int = Field(default=1, ge=1)


class TeacherOptions(Options):
    """Who teaches: a model, or a run, of the registry."""

    teacher: str


class PairOptions(Options):
    """How many samples of the base a pair is made from."""

    samples_per_prompt: int = Field(ge=2)


class SharedDynamicSampling(DynamicSamplingTrainer, SharedPrompts):
    """Dynamic sampling of groups that share their prompts."""


def _group_relative(job: Job) -> GRPOTrainer:
    options, arguments = job.options(GroupOptions), job.arguments(GRPOConfig)
    rewards: list[Any] = [verifiable_reward]
    if options.overlong_tokens:
        rewards.append(
            get_soft_overlong_punishment(arguments.max_completion_length, options.overlong_tokens)
        )
    parts = {**_rollout_parts(job), "args": arguments, "reward_funcs": rewards}
    if options.sampling_rounds > 1:
        dynamic = SharedDynamicSampling if options.shared_prompts else DynamicSamplingTrainer
        return dynamic(**parts, rounds=options.sampling_rounds)
    return SharedPrompts(**parts) if options.shared_prompts else GRPOTrainer(**parts)


def _rloo(job: Job) -> RLOOTrainer:
    trainer = SharedPromptsRLOO if job.options(RolloutOptions).shared_prompts else RLOOTrainer
    return trainer(
        **_rollout_parts(job), args=job.arguments(RLOOConfig), reward_funcs=[verifiable_reward]
    )


def _ppo(job: Job) -> PPOTrainer:
    return PPOTrainer(
        **_rollout_parts(job),
        args=job.arguments(GRPOConfig),
        reward_funcs=[verifiable_reward],
        critic=Critic(job.base),
        options=job.options(PPOOptions),
    )


def _sft(job: Job) -> SFTTrainer:
    options = job.options(SolutionOptions)
    data = solutions(job, options.data, options.samples_per_prompt)
    return SFTTrainer(args=job.arguments(SFTConfig), train_dataset=data, **_parts(job))


def _dpo(job: Job) -> DPOTrainer:
    count = job.options(PairOptions).samples_per_prompt
    return DPOTrainer(args=job.arguments(DPOConfig), train_dataset=pairs(job, count), **_parts(job))


def _on_policy_distillation(job: Job) -> OnPolicyDistillationTrainer:
    job.options(TeacherOptions)
    return OnPolicyDistillationTrainer(
        **_rollout_parts(job),
        args=job.arguments(DistillationConfig),
        teacher_model=job.teacher_model(),
    )


def _rollout_parts(job: Job) -> dict[str, Any]:
    return {**_parts(job), "train_dataset": prompts(job)}


def _parts(job: Job) -> dict[str, Any]:
    return {"model": job.model(), "processing_class": job.tokenizer()}


#: By what a recipe calls them.
TRAINERS: dict[Trainer, Callable[[Job], transformers.Trainer]] = {
    "grpo": _group_relative,
    "rloo": _rloo,
    "ppo": _ppo,
    "sft": _sft,
    "dpo": _dpo,
    "distillation": _on_policy_distillation,
    "self-play": self_play.build,
}
