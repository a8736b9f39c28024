"""RL with a verifiable reward through TRL's GRPOTrainer: group-relative losses of every type."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import transformers
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import FAMILIES, is_correct, training_problems
from alpharl_bench.quiet import quiet_libraries
from alpharl_bench.registry import Algorithm, RunEntry
from alpharl_bench.training.history import last_whole_checkpoint

_PROMPTS_PER_FAMILY = 1000


def train_rl(
    entry: RunEntry,
    algorithm: Algorithm,
    base: Path,
    folder: Path,
    *,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Train ``base`` by ``algorithm`` into evenly spaced ``checkpoint-N/`` below ``folder``.

    All parameters, float32. Goes on from the last whole checkpoint that it finds.

    Raises:
        AlphaRLBenchError: the recipe does not fit TRL's config, or its steps cannot be divided into
            its number of checkpoints.
    """
    last = last_whole_checkpoint(folder)
    with quiet_libraries():
        trainer = GRPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32),
            reward_funcs=[verifiable_reward],
            args=_config(entry, algorithm, folder),
            train_dataset=training_prompts(entry.seed),
            processing_class=AutoTokenizer.from_pretrained(base),
            callbacks=list(callbacks),
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train(resume_from_checkpoint=str(last) if last else None)


def training_prompts(seed: int) -> Dataset:
    """Prompts and their answers, all families alike, none of them held out for scoring."""
    return Dataset.from_list(
        [
            {"prompt": problem.prompt, "answer": problem.answer}
            for family in FAMILIES
            for problem in islice(training_problems(family, seed), _PROMPTS_PER_FAMILY)
        ]
    )


def verifiable_reward(completions: list[str], answer: list[str], **_: Any) -> list[float]:
    """1 for a correct response, 0 for any other: the same grading as the scored tasks."""
    return [float(is_correct(c, a)) for c, a in zip(completions, answer, strict=True)]


def _config(entry: RunEntry, algorithm: Algorithm, folder: Path) -> GRPOConfig:
    where = f"algorithms/{algorithm.name}.toml"
    config = algorithm.config_in(entry.regime)
    steps = config.get("max_steps", 0)
    if steps < 1 or steps % algorithm.checkpoints:
        raise AlphaRLBenchError(
            f"{where}: max_steps {steps} is not a multiple of checkpoints {algorithm.checkpoints}"
        )
    try:
        return GRPOConfig(
            output_dir=str(folder),
            save_steps=steps // algorithm.checkpoints,
            save_strategy="steps",
            seed=entry.seed,
            data_seed=entry.seed,
            # TRL would train in bfloat16: the deltas that this project measures would vanish.
            bf16=False,
            gradient_checkpointing=False,
            dataloader_pin_memory=torch.cuda.is_available(),
            logging_steps=1,
            report_to="none",
            disable_tqdm=True,
            **config,
        )
    except (TypeError, ValueError) as error:
        raise AlphaRLBenchError(f"{where}: {error}") from error
