"""Weights as a merged model folder, written tensor by tensor."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from huggingface_hub import split_torch_state_dict_into_shards
from pydantic import TypeAdapter

from alpharl_bench.checkpoints import Weights, is_head
from alpharl_bench.lazy import torch
from alpharl_bench.limits import CONFIG_BYTES
from alpharl_bench.progress import progress_bar
from alpharl_bench.untrusted import read_json
from alpharl_bench.variants.heads import embeddings_name, head_name, head_of, ties
from alpharl_bench.variants.written import write_weights

#: As much is held in memory at a time, or one tensor where that is larger.
_SHARD = "1GB"
_SHARD_NAME = "model{suffix}.safetensors"
# What belongs to a model beside its weights: configs, tokenizer, chat template, code of its own.
_BESIDE = re.compile(r".*\.(json|txt|model|jinja|tiktoken|py)")
_NOT_BESIDE = re.compile(r".*\.index\.json|adapter_.*|trainer_state\.json|training_args\..*")
_CONFIG = TypeAdapter(dict[str, Any])
_TEMPLATES = "additional_chat_templates"


def write_merged(
    weights: Weights, base: Weights, folder: Path, dtype: torch.dtype | None = None
) -> None:
    """Write weights as a Hugging Face folder of safetensors.

    Everything beside the weights is copied from the base; where the weights have a head of their
    own and the base ties it, the config says so. Each tensor is cast once.

    Args:
        weights: a checkpoint of the run, or a combination of several and an update.
        base: the run's base; its dtype of each tensor is kept unless ``dtype`` is given.
        folder: is there already.
        dtype: the dtype of all floating-point tensors.

    Raises:
        AlphaRLBenchError: a value is not finite in its dtype.
    """
    # Where head and embeddings are one, transformers ties them when it loads the folder.
    tied = ties(base) and ties(weights)
    head = None if tied else head_name(base) or head_name(weights)
    like = {head: head_name(base) or embeddings_name(base) or head} if head else {}
    names = [name for name in base.names if not is_head(name)] + [*like]
    planned = {
        name: torch.empty(
            base.shape(like.get(name, name)),
            dtype=_dtype(base, like.get(name, name), dtype),
            device="meta",
        )
        for name in names
    }
    plan = split_torch_state_dict_into_shards(
        planned, filename_pattern=_SHARD_NAME, max_shard_size=_SHARD
    )
    with progress_bar("write weights", len(names), "tensor") as bar:
        for file, inside in plan.filename_to_tensors.items():
            tensors = ((name, _tensor(weights, name, head), planned[name].dtype) for name in inside)
            write_weights(tensors, folder / file)
            bar.update(len(inside))
    if plan.is_sharded:
        index = {"metadata": plan.metadata, "weight_map": plan.tensor_to_filename}
        path = folder / f"{_SHARD_NAME.format(suffix='')}.index.json"
        path.write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    _copy_beside(base.folder, folder)
    changed: dict[str, Any] = {} if tied else {"tie_word_embeddings": False}
    if dtype is not None:
        changed["dtype"] = str(dtype).removeprefix("torch.")
    _change_config(folder / "config.json", changed)


def _dtype(base: Weights, name: str, asked: torch.dtype | None) -> torch.dtype:
    stored = base.dtype(name)
    return asked if asked is not None and stored.is_floating_point else stored


def _copy_beside(source: Path, folder: Path) -> None:
    for path in source.iterdir():
        if path.is_file() and _BESIDE.fullmatch(path.name) and not _NOT_BESIDE.fullmatch(path.name):
            shutil.copyfile(path, folder / path.name)
    if (source / _TEMPLATES).is_dir():
        shutil.copytree(source / _TEMPLATES, folder / _TEMPLATES)


def _tensor(weights: Weights, name: str, head: str | None) -> torch.Tensor:
    own = head_of(weights) if name == head else None
    return weights.tensor(name) if own is None else own


def _change_config(path: Path, changed: dict[str, Any]) -> None:
    config = read_json(path, _CONFIG, "the config of a model", CONFIG_BYTES)
    named = {
        "torch_dtype" if k == "dtype" and "torch_dtype" in config else k: changed[k]
        for k in changed
    }
    if any(config.get(name) != value for name, value in named.items()):
        path.write_text(json.dumps(config | named, indent=2) + "\n", encoding="utf-8")
