"""Warm a base up: a short SFT that teaches to give an answer and end, and no answer.

Reinforcement learning on a base that seldom comes to an answer in the room that it has would learn
that first. The paper's runs start from models that have it.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import transformers
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase
from trl import SFTConfig, SFTTrainer

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.library_logging import quiet_libraries
from alpharl_bench.problems import FAMILIES, last_number, training_problems
from alpharl_bench.registry import Model, WarmUp, unknown
from alpharl_bench.spectral.threads import one_thread_per_matrix
from alpharl_bench.training.progress import ProgressBar
from alpharl_bench.training.samples import samples


def warm_up(model: Model, start: Path, folder: Path) -> None:
    """Train a model on the form of its own answers, and write it as a Hugging Face folder.

    All parameters, float32, one thread, as a run of the zoo is trained.

    Args:
        model: the entry of the registry, which says how.
        start: the folder of the model that it starts from.
        folder: gets the weights and the tokenizer.

    Raises:
        AlphaRLBenchError: a family is unknown, or the model answers too few prompts.
    """
    recipe = model.warm_up
    if recipe is None:
        raise ValueError(f"models/{model.name}.toml has no [warm_up]")
    tokenizer = AutoTokenizer.from_pretrained(start)
    with one_thread_per_matrix(), quiet_libraries():
        learned = list(own_answers(model, recipe, start, tokenizer))
        if len(learned) < recipe.batch:
            raise AlphaRLBenchError(
                f"models/{model.name}.toml: warm_up: '{recipe.model}' ends only {len(learned)} of "
                f"its responses with a number; raise prompts or tokens"
            )
        network = AutoModelForCausalLM.from_pretrained(start, dtype=torch.float32)
        # Trainers turn it off, and would leave that in the config.
        use_cache = network.config.use_cache
        trainer = SFTTrainer(
            model=network,
            processing_class=tokenizer,
            args=SFTConfig(
                output_dir=str(folder),
                max_steps=recipe.steps,
                per_device_train_batch_size=recipe.batch,
                learning_rate=recipe.learning_rate,
                lr_scheduler_type="constant",
                max_grad_norm=1.0,
                seed=model.seed,
                data_seed=model.seed,
                # As in a run: TRL would train in bfloat16.
                bf16=False,
                gradient_checkpointing=False,
                dataloader_pin_memory=False,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            train_dataset=_written(tokenizer, learned),
            callbacks=[ProgressBar(f"warm up {model.name}", "loss")],
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
        network.config.use_cache = use_cache
        network.to(getattr(torch, model.dtype)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def own_answers(
    model: Model, recipe: WarmUp, start: Path, tokenizer: PreTrainedTokenizerBase
) -> Iterator[tuple[str, str]]:
    """Prompts, none of them held out, and what the model itself says to each until its answer.

    That is the first line of its greedy response, up to the last number. Nothing is graded: a wrong
    answer is as good as a right one. Left out is a response that is cut off, what has no whole
    number, and what would not end within a response of the family.

    Raises:
        AlphaRLBenchError: a family is unknown.
    """
    for family in recipe.families:
        if family not in FAMILIES:
            raise AlphaRLBenchError(
                f"models/{model.name}.toml: warm_up.families: {unknown('family', family, FAMILIES)}"
            )
    asked = [
        (problem.prompt, FAMILIES[family].tokens)
        for family in recipe.families
        for problem in islice(training_problems(family, model.seed), recipe.prompts)
    ]
    prompts = [prompt for prompt, _ in asked]
    responses = samples(
        start, tokenizer, prompts, count=1, tokens=recipe.tokens, seed=model.seed, greedy=True
    )
    for (prompt, room), found in zip(asked, responses, strict=True):
        answer = _until_the_answer(found[0].partition("\n")[0]) if found else None
        if answer is not None and len(tokenizer(answer)["input_ids"]) < room:
            yield prompt, answer


def _until_the_answer(line: str) -> str | None:
    """What stands up to the last number, if that is a whole one in digits alone."""
    number = last_number(line)
    if number is None or not number.isdigit() or number not in line:
        return None
    return line[: line.rindex(number) + len(number)].strip()


def _written(tokenizer: PreTrainedTokenizerBase, learned: list[tuple[str, str]]) -> Dataset:
    """As TRL reads them: messages for a model with a chat format, else texts alone."""
    if tokenizer.chat_template is None:
        rows: list[dict[str, Any]] = [{"prompt": p, "completion": c} for p, c in learned]
    else:
        rows = [
            {
                "prompt": [{"role": "user", "content": prompt}],
                "completion": [{"role": "assistant", "content": response}],
            }
            for prompt, response in learned
        ]
    return Dataset.from_list(rows)
