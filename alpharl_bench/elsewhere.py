"""Runs that were trained elsewhere: in the user's folders, or public on the Hub."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from alpharl_bench.cache import content_key, file_digest
from alpharl_bench.checkpoints import (
    Checkpoint,
    ModelSize,
    Run,
    Weights,
    cached_base,
    cached_steps,
    discover,
    open_release,
    open_run,
    open_weights,
    size_of,
)
from alpharl_bench.checkpoints.hub import HubFolder
from alpharl_bench.checkpoints.run import find_base
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch
from alpharl_bench.outlook import Outlook
from alpharl_bench.progress import progress_bar
from alpharl_bench.registry import Architecture, Release
from alpharl_bench.training.zoo import OpenedRun


def opened_path(reference: str, base: str | None) -> OpenedRun:
    """A run of the user's own. Its base is fetched if it is on the Hub.

    Raises:
        AlphaRLBenchError: see :func:`~alpharl_bench.checkpoints.open_run`.
    """
    return _opened(open_run(reference, base))


def opened_release(release: Release) -> OpenedRun:
    """A public run. Its base is fetched.

    Raises:
        AlphaRLBenchError: see :func:`~alpharl_bench.checkpoints.open_release`.
    """
    return _opened(open_release(release))


def outlook_of_path(reference: str, base: str | None) -> Outlook:
    """What is known of a run of the user's own; of a base on the Hub its config is fetched.

    Raises:
        AlphaRLBenchError: see :func:`~alpharl_bench.checkpoints.open_run`.
    """
    # Imported here, as below: it takes seconds, and a session that judges asks for no sizes.
    from transformers import AutoConfig, AutoModelForCausalLM  # noqa: PLC0415

    found = discover(reference)
    start = find_base(found, base).location
    places: dict[int | None, Path | HubFolder] = {None: start}
    places |= {checkpoint.step: checkpoint.location for checkpoint in found.checkpoints}
    remote = {step: place for step, place in places.items() if isinstance(place, HubFolder)}
    cached = frozenset(step for step, place in remote.items() if place.cached())
    known = not isinstance(start, HubFolder) or None in cached
    folder = start.config().parent if isinstance(start, HubFolder) else start
    config = AutoConfig.from_pretrained(folder)
    return Outlook(
        steps=tuple(checkpoint.step for checkpoint in found.checkpoints),
        size=size_of(lambda: AutoModelForCausalLM.from_config(config)),
        stored=_bytes_of(config.dtype),
        remote=frozenset(remote),
        cached=cached,
        digest=opened_path(reference, base).digest if known else None,
    )


def outlook_of_release(release: Release, architecture: Architecture) -> Outlook:
    """What is known of a public run; the Hub is asked for nothing unless its base is here."""
    base = cached_base(release)
    steps = release.supposed_steps
    here = cached_steps(release)
    # Which steps there are is known of what is here, where the registry does not know it.
    if not release.steps and len(here) > len(steps):
        steps = tuple(sorted(here))
    return Outlook(
        steps=steps,
        size=_size_of(architecture.architecture, json.dumps(architecture.config)),
        stored=_bytes_of(release.dtype),
        remote=frozenset({None, *steps}),
        cached=frozenset({*({None} if base else ()), *(here & set(steps))}),
        digest=_digest_of(release) if base else None,
        about=(
            f"licence: {release.licence or 'none that was seen'}",
            f"not verified: {release.unverified}",
            *(() if release.steps or release.checkpoints else (_UNCOUNTED,)),
        ),
    )


_UNCOUNTED = "how many checkpoints there are is not known: the last alone is counted"


def _digest_of(release: Release) -> str | None:
    try:
        return opened_release(release).digest
    except AlphaRLBenchError:
        return None  # Only the Hub knows the commits of its checkpoints, and it is not there.


# Once a process: architectures are shared.
@cache
def _size_of(architecture: str, config: str) -> ModelSize:
    import transformers  # noqa: PLC0415

    made = getattr(transformers, architecture, None)
    if made is None:
        raise AlphaRLBenchError(
            f"transformers {transformers.__version__} has no architecture '{architecture}'; "
            "install a later one"
        )
    return size_of(lambda: made(made.config_class(**json.loads(config))))


def _bytes_of(dtype: Any) -> int:
    """Bytes of a number of a dtype, as torch or its name; float32 where none is stated."""
    known = getattr(torch, dtype) if isinstance(dtype, str) else dtype or torch.float32
    return int(known.itemsize)


def _opened(run: Run) -> OpenedRun:
    weights = open_weights(run.base)
    # Scores depend on the tokenizer and the configs too, not only on the weights.
    beside = sorted((path.name, file_digest(path)) for path in run.base.glob("*.json"))
    checkpoints = {}
    with progress_bar(f"digest {run.name}", len(run.checkpoints), "checkpoint") as bar:
        for checkpoint in run.checkpoints:
            checkpoints[str(checkpoint.step)] = _digest(checkpoint, weights)
            bar.update()
    digest = content_key(base=weights.digest, beside=beside, checkpoints=checkpoints)
    return OpenedRun(run, digest)


def _digest(checkpoint: Checkpoint, base: Weights) -> str:
    if isinstance(checkpoint.location, Path):
        return open_weights(checkpoint.location, base).digest
    # To digest its content, all of it would have to be downloaded.
    return f"{checkpoint.location} {checkpoint.location.commit()}"
