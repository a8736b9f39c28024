"""What one training is made of, as every trainer asks for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    TrainingArguments,
)

from alpharl_bench.errors import AlphaRLBenchError, faults_of
from alpharl_bench.problems import NANO_FAMILIES
from alpharl_bench.registry import Algorithm, RunEntry

_Arguments = TypeVar("_Arguments", bound=TrainingArguments)
_Options = TypeVar("_Options", bound="Options")


class Options(BaseModel):
    """What a trainer takes from a recipe's ``[options]``; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Job:
    """One run to train.

    Args:
        entry: the run.
        algorithm: its recipe.
        base: the folder of the model that training starts from.
        folder: gets a ``checkpoint-N/`` for every saved step.
        teacher: the folder of the model, or of the last checkpoint of the run, that ``teacher``
            of the recipe's options names.
        families: the families of the problems that it trains on.
    """

    entry: RunEntry
    algorithm: Algorithm
    base: Path
    folder: Path
    teacher: Path | None = None
    families: tuple[str, ...] = tuple(NANO_FAMILIES)

    @property
    def recipe(self) -> str:
        """The recipe's file, for errors."""
        return f"algorithms/{self.algorithm.name}.toml"

    def arguments(self, kind: type[_Arguments]) -> _Arguments:
        """The recipe's config in the run's regime, with what all trainings have in common.

        Args:
            kind: the trainer's class of arguments, as ``trl.GRPOConfig``.

        Raises:
            AlphaRLBenchError: the recipe does not fit that class, its steps cannot be divided into
                its number of checkpoints, or a checkpoint would part updates of one rollout.
        """
        config = self.algorithm.config_in(self.entry.regime)
        steps, checkpoints = config.get("max_steps", 0), self.algorithm.checkpoints
        if steps < 1 or steps % checkpoints:
            raise AlphaRLBenchError(
                f"{self.recipe}: max_steps {steps} is not a multiple of checkpoints {checkpoints}"
            )
        try:
            arguments: _Arguments = kind(
                output_dir=str(self.folder),
                save_steps=steps // checkpoints,
                save_strategy="steps",
                seed=self.entry.seed,
                data_seed=self.entry.seed,
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
            raise AlphaRLBenchError(f"{self.recipe}: {error}") from error
        # A rollout is not saved: a run that resumes inside of one would draw another.
        updates = _updates_per_rollout(arguments)
        if steps // checkpoints % updates:
            raise AlphaRLBenchError(
                f"{self.recipe}: a checkpoint every {steps // checkpoints} steps parts the "
                f"{updates} updates of one rollout; choose max_steps and checkpoints so that it "
                f"is a multiple of {updates}"
            )
        return arguments

    def options(self, kind: type[_Options]) -> _Options:
        """The recipe's options, checked.

        Raises:
            AlphaRLBenchError: some are unknown, missing or of the wrong type.
        """
        try:
            return kind.model_validate(self.algorithm.options_in(self.entry.regime))
        except ValidationError as error:
            faults = "; ".join(f"options.{fault}" for fault in faults_of(error))
            raise AlphaRLBenchError(f"{self.recipe}: {faults}") from error

    def model(self) -> PreTrainedModel:
        """The base in float32."""
        return _loaded(self.base)

    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The base's tokenizer."""
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(self.base)
        return tokenizer

    def teacher_folder(self) -> Path:
        """The teacher's folder.

        Raises:
            AlphaRLBenchError: the run was given none.
        """
        if self.teacher is None:
            raise AlphaRLBenchError(
                f"{self.recipe}: options.teacher: names no model that could be found; give the "
                "name of one of the registry's models or runs"
            )
        return self.teacher

    def teacher_model(self) -> PreTrainedModel:
        """The teacher in float32, whatever it is stored in."""
        return _loaded(self.teacher_folder())


def _loaded(folder: Path) -> PreTrainedModel:
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return model


def _updates_per_rollout(arguments: Any) -> int:
    """Optimizer steps that one rollout serves; 1 for trainers that draw none, or one each step."""
    batches = getattr(arguments, "steps_per_generation", None) or 1
    again = getattr(arguments, "num_iterations", 1)
    return max(1, int(batches * again // arguments.gradient_accumulation_steps))
