"""What this machine has, and what it lacks for a claim, before anything is downloaded."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil
from huggingface_hub import constants

from alpharl_bench.bench import Options
from alpharl_bench.cache import cache_root
from alpharl_bench.checkpoints import ModelSize
from alpharl_bench.device import planned_device
from alpharl_bench.formatting import size_text
from alpharl_bench.lazy import torch
from alpharl_bench.plan.cost import Cost, context_of, questions_of
from alpharl_bench.plan.throughput import USABLE
from alpharl_bench.tables import Requirements


@dataclass(frozen=True)
class Machine:
    """What is free, in bytes.

    Args:
        hub: the free bytes on the disk of the Hub's cache.
        cache: the free bytes on the disk of the package's cache.
        shared: whether these are one disk.
        memory: the free bytes of main memory.
        gpus: memory of every visible GPU, all of it.
    """

    hub: int
    cache: int
    shared: bool
    memory: int
    gpus: tuple[int, ...]


def measured() -> Machine:
    """This machine, now."""
    hub, cache = _existing(Path(constants.HF_HUB_CACHE)), cache_root()
    gpus = range(torch.cuda.device_count())
    return Machine(
        hub=shutil.disk_usage(hub).free,
        cache=shutil.disk_usage(cache).free,
        shared=hub.stat().st_dev == cache.stat().st_dev,
        memory=psutil.virtual_memory().available,
        gpus=tuple(torch.cuda.get_device_properties(index).total_memory for index in gpus),
    )


def shortfall(
    required: Requirements, cost: Cost, size: ModelSize, asked: Options, machine: Machine
) -> str:
    """Why it cannot be done here: what is needed, what was found, what to do; empty where it can.

    Args:
        required: the requirements of the claim.
        cost: the cost of these requirements.
        size: the size of the run's model.
        asked: the settings of the measurement.
        machine: the available resources.
    """
    return (
        _of_disk(cost, machine)
        or _of_questions(required, asked)
        or (_of_positions(size, asked) if required.loads else "")
        or (_of_model(cost, size, asked, machine) if required.loads else "")
        or _of_decomposition(cost, asked, machine)
    )


def _of_disk(cost: Cost, machine: Machine) -> str:
    weights = f"{size_text(cost.weights)} of disk for weights that are not here yet"
    updates = f"{size_text(cost.disk)} of disk for what is made of them"
    hub, cache = constants.HF_HUB_CACHE, cache_root()
    if machine.shared and cost.weights + cost.disk > machine.hub:
        needed, found, at = f"{weights} and {updates}", machine.hub, f"{hub} and {cache}"
        variables = "HF_HOME and ALPHARL_BENCH_CACHE"
    elif cost.weights > machine.hub:
        needed, found, at, variables = weights, machine.hub, hub, "HF_HOME"
    elif cost.disk > machine.cache:
        needed, found, at, variables = updates, machine.cache, str(cache), "ALPHARL_BENCH_CACHE"
    else:
        return ""
    return (
        f"needs {needed}, with what is judged before it; found {size_text(max(0, found))} free at "
        f"{at}; free some, or name a larger disk by {variables}"
    )


def _of_questions(required: Requirements, asked: Options) -> str:
    chooses = any(split == "validation" for _, split in required.scores)
    if not chooses or asked.sampling.questions is not None:
        return ""
    most = min(questions_of(asked.sampling).values()) // 2
    return (
        "needs questions to choose by that are not reported, found that all are reported; ask for "
        f"--questions {most} or fewer"
    )


def _of_positions(size: ModelSize, asked: Options) -> str:
    response = asked.sampling.max_tokens
    # What no user asked for is limited by the positions.
    if response is None or size.positions is None or response < size.positions:
        return ""
    return (
        f"needs room for a prompt and {response:,} tokens of a response, found {size.positions:,} "
        f"positions in the base; ask for --max-tokens {size.positions // 2} or so"
    )


def _of_model(cost: Cost, size: ModelSize, asked: Options, machine: Machine) -> str:
    engine = asked.engine
    what = (
        f"a model of {size.parameters / 1e9:.2f} B parameters in {engine.dtype} and a sequence of "
        f"{context_of(size, asked.sampling):,} tokens"
    )
    if not machine.gpus:
        if cost.model <= machine.memory:
            return ""
        return (
            f"needs {size_text(cost.model)} of memory for {what}, found "
            f"{size_text(machine.memory)} free and no GPU; take a machine with a GPU, --dtype "
            "bfloat16 or shorter responses (--max-tokens)"
        )
    wanted = engine.tensor_parallel
    found = f"{len(machine.gpus)} GPU{'s' if len(machine.gpus) > 1 else ''}"
    if wanted > len(machine.gpus):
        return f"needs {wanted} GPUs (--tensor-parallel {wanted}), found {found}; ask for fewer"
    usable = USABLE * min(machine.gpus)
    if cost.model <= wanted * usable:
        return ""
    enough = -int(-cost.model // usable)
    return (
        f"needs {size_text(cost.model)} of GPU memory for {what}, found "
        f"{size_text(wanted * usable)} that can be used on {wanted} of {found}; ask for --engine "
        f"vllm --tensor-parallel {enough}, --dtype bfloat16 or shorter responses (--max-tokens)"
    )


def _of_decomposition(cost: Cost, asked: Options, machine: Machine) -> str:
    needed = f"needs {size_text(cost.decomposing)} of memory to decompose updates"
    device = planned_device(asked.device)
    if device == "cpu" and cost.decomposing > machine.memory:
        return (
            f"{needed} on all cores, found {size_text(machine.memory)}; take fewer cores "
            "(OMP_NUM_THREADS=1), or a machine with more"
        )
    if device == "cuda" and cost.decomposing > min(machine.gpus, default=0):
        return (
            f"{needed}, found a GPU with {size_text(min(machine.gpus, default=0))}; ask for "
            "--device cpu"
        )
    return ""


def _existing(path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(place for place in (path, *path.parents) if place.is_dir())
