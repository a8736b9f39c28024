"""Pretrain a nano base model: a real transformers architecture on the procedural corpus."""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import torch
import transformers
from torch.utils.data import IterableDataset
from transformers import Trainer, TrainingArguments, set_seed

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.library_logging import quiet_libraries
from alpharl_bench.registry import Model
from alpharl_bench.training.corpora import documents
from alpharl_bench.training.progress import ProgressBar
from alpharl_bench.training.tokenizer import character_tokenizer, conversation

#: Tokens in a row of a packed batch.
_ROW = 128
_WARMUP_STEPS = 50
_IGNORED = -100  # the label that the loss passes over


def build_base(model: Model, folder: Path) -> None:
    """Pretrain ``model`` by its recipe and write an ordinary Hugging Face folder.

    Float32 throughout. The seed fixes initial weights and documents; the last bits of the weights
    still depend on the machine and its number of threads.
    """
    set_seed(model.seed)
    recipe = model.recipe
    tokenizer = character_tokenizer(model.format)
    network = new_network(model)
    trainer = Trainer(
        model=network,
        args=TrainingArguments(
            output_dir=str(folder),
            max_steps=recipe.steps,
            per_device_train_batch_size=recipe.documents_per_step,
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            lr_scheduler_type="cosine",
            warmup_steps=_WARMUP_STEPS,
            adam_beta2=0.98,
            max_grad_norm=1.0,
            logging_steps=10,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=torch.cuda.is_available(),
            seed=model.seed,
        ),
        train_dataset=_Documents(model),
        data_collator=pack,
        callbacks=[ProgressBar(f"pretrain {model.name}", "loss")],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    with quiet_libraries():
        trainer.train()
        network.to(getattr(torch, model.dtype)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def count_parameters(model: Model) -> int:
    """The number of parameters of a model that need not be built, tied ones once."""
    with torch.device("meta"):
        network = new_network(model)
    return sum(parameter.numel() for parameter in network.parameters())


class _Documents(IterableDataset[list[int]]):
    """Token ids of one document each, in the model's formats in turn."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._tokenizers = [character_tokenizer(format_) for format_ in model.formats]

    def __iter__(self) -> Iterator[list[int]]:
        in_turn = cycle(self._tokenizers)
        for prompt, response in documents(self._model):
            tokenizer = next(in_turn)
            yield tokenizer.encode(conversation(tokenizer, prompt, response))


def pack(batch: list[list[int]]) -> dict[str, torch.Tensor | bool]:
    """Lay whole documents side by side in rows of ``_ROW`` tokens; each sees only itself.

    Returns:
        ``input_ids``, ``labels`` and ``position_ids``, each (rows, _ROW) int64. Positions start
        again at 0 with every document, by which transformers keeps documents apart in attention.
        The first token of a document and the padding behind the last one are not predicted.
    """
    rows: list[list[list[int]]] = [[]]
    for document in batch:
        if sum(map(len, rows[-1])) + len(document) > _ROW:
            rows.append([])
        rows[-1].append(document)
    shape = (len(rows), _ROW)
    ids, labels = torch.zeros(shape, dtype=torch.long), torch.full(shape, _IGNORED)
    positions = torch.arange(_ROW).repeat(len(rows), 1)
    for i, row in enumerate(rows):
        start = 0
        for document in row:
            span = slice(start, start + len(document))
            ids[i, span] = torch.tensor(document)
            labels[i, start + 1 : span.stop] = ids[i, start + 1 : span.stop]
            # The padding goes on counting from the last document: it is masked from the loss.
            positions[i, start:] = torch.arange(_ROW - start)
            start = span.stop
    # Without a key-value cache, or transformers does not look for packed documents.
    return {"input_ids": ids, "labels": labels, "position_ids": positions, "use_cache": False}


def new_network(model: Model) -> transformers.PreTrainedModel:
    """A network of the model's architecture and size with random weights.

    Raises:
        AlphaRLBenchError: this version of transformers has no such architecture.
    """
    architecture = getattr(transformers, model.architecture, None)
    if architecture is None:
        raise AlphaRLBenchError(
            f"models/{model.name}.toml: transformers {transformers.__version__} has no "
            f"architecture '{model.architecture}'"
        )
    # The config of a model that is not pretrained here says what its tokenizer has.
    of_tokenizer = {} if model.pretraining is None else _vocabulary(model)
    config = architecture.config_class(**of_tokenizer, **model.config)
    network: transformers.PreTrainedModel = architecture(config)
    return network


def _vocabulary(model: Model) -> dict[str, int | None]:
    tokenizer = character_tokenizer(model.format)
    return {
        "vocab_size": len(tokenizer),
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
