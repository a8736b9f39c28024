"""A training run: a base model and its checkpoints in the order of training."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alpharl_bench.checkpoints.adapter import is_adapter, open_weights
from alpharl_bench.checkpoints.adapter_config import read_adapter_config
from alpharl_bench.checkpoints.candidates import ADAPTER_CONFIG, WEIGHT_FILES
from alpharl_bench.checkpoints.find import Found, holds_model, holds_weights, itself
from alpharl_bench.checkpoints.hub import HubFolder, find_on_hub, parse_reference
from alpharl_bench.checkpoints.local import find_in, run_name, steps_in
from alpharl_bench.checkpoints.tensors import WeightFiles, Weights
from alpharl_bench.errors import AlphaRLBenchError, AlphaRLBenchWarning

_PATHLIKE = ("/", ".", "~")


@dataclass(frozen=True, order=True)
class Checkpoint:
    """The weights after ``step`` optimizer steps: a model folder, an adapter, or a sparse delta."""

    step: int
    location: Path | HubFolder

    @property
    def path(self) -> Path:
        """The local folder with the weights; one on the Hub is downloaded when first asked for.

        Raises:
            AlphaRLBenchError: the download failed.
        """
        return _local(self.location)

    @property
    def beside(self) -> Path:
        """The local folder with its configs and tokenizer; its weights are not downloaded.

        Raises:
            AlphaRLBenchError: the download failed.
        """
        return self.location if isinstance(self.location, Path) else self.location.beside()

    def weights(self, base: Weights) -> Weights:
        """Its weights; an adapter is merged into ``base``.

        Raises:
            AlphaRLBenchError: the download failed.
        """
        return open_weights(self.path, base)


@dataclass(frozen=True)
class Run:
    """One training run: a base and at least one checkpoint, sorted by step.

    Args:
        name: the name of the run.
        base: the folder of the model from which training started.
        checkpoints: ascending by step.
        layout: the layout in which the checkpoints were found.
    """

    name: str
    base: Path
    checkpoints: tuple[Checkpoint, ...]
    layout: str = ""

    @property
    def steps(self) -> tuple[int, ...]:
        """The step of every checkpoint, ascending."""
        return tuple(checkpoint.step for checkpoint in self.checkpoints)

    @property
    def final(self) -> Checkpoint:
        """The fully trained model."""
        return self.checkpoints[-1]

    def at(self, step: int | None) -> Checkpoint:
        """The checkpoint of a step; None means the final one.

        Raises:
            AlphaRLBenchError: there is none at this step.
        """
        if step is None:
            return self.final
        for checkpoint in self.checkpoints:
            if checkpoint.step == step:
                return checkpoint
        raise AlphaRLBenchError(
            f"run '{self.name}' has no checkpoint at step {step}; it has {list(self.steps)}"
        )


@dataclass(frozen=True)
class Discovery:
    """The checkpoints that were found for a run, before its base is known.

    Args:
        source: the folder or repository that was searched.
        name: the name of the folder or repository.
        layout: the detected layout.
        notes: remarks for users: about weights in this layout, and on what is passed over.
        checkpoints: ascending by step; step 0 is not among them.
        start: the checkpoint of step 0, if there is one: the model from which training started.
    """

    source: str
    name: str
    layout: str
    notes: tuple[str, ...]
    checkpoints: tuple[Checkpoint, ...]
    start: Checkpoint | None


def open_run(run: str | Path, base: str | Path | None = None, name: str | None = None) -> Run:
    """Open a training run of any trainer, on disk or on the Hub.

    Args:
        run: a folder that holds checkpoints or is one, or ``org/name`` on the Hub (see
            :func:`~alpharl_bench.checkpoints.hub.find_on_hub`). Where the steps of several runs lie
            side by side, ``DIR/name-step-*`` takes those of one, and ``DIR/checkpoint-*/math`` what
            lies in each of them.
        base: a folder, ``org/name`` or ``org/name@revision``. By default what the adapters name, or
            the checkpoint of step 0.
        name: the name of the run; by default that of its folder or repository.

    Raises:
        AlphaRLBenchError: no checkpoints, or not those of exactly one run; one without weights or
            with shards that must be merged first; no base, or not a whole model.
    """
    return _opened(discover(run), base, name)


def open_checkpoint(checkpoint: str | Path, base: str | Path) -> Run:
    """Open one checkpoint: the folder itself if it holds weights, else the only one in it.

    Args:
        checkpoint: a folder or ``org/name`` on the Hub, as for :func:`open_run`.
        base: likewise.

    Raises:
        AlphaRLBenchError: there are several, or see :func:`open_run`.
    """
    path = Path(checkpoint).expanduser().absolute()
    if holds_weights(path):
        found = _discovery(str(path), run_name(path), itself(path))
        if steps := steps_in(path):
            _warn(f"{path}: its own weights are read, and not those in {', '.join(steps)}")
    else:
        found = discover(checkpoint)
    if len(found.checkpoints) > 1:
        raise AlphaRLBenchError(
            f"--checkpoint {checkpoint}: holds {len(found.checkpoints)} checkpoints; name one, as "
            f"{found.checkpoints[-1].location}"
        )
    return _opened(found, base, None)


def _opened(found: Discovery, base: str | Path | None, name: str | None) -> Run:
    folder = find_base(found, base).folder()
    for note in (*found.notes, *WeightFiles(folder).notes):
        _warn(note)
    return Run(name or found.name, folder, found.checkpoints, found.layout)


def _warn(note: str) -> None:
    warnings.warn(note, AlphaRLBenchWarning, stacklevel=4)


def discover(run: str | Path) -> Discovery:
    """Find the checkpoints of a run; nothing is downloaded.

    Raises:
        AlphaRLBenchError: see :func:`open_run`.
    """
    path = Path(run).expanduser().absolute()
    if (found := find_in(path)) is not None:
        return _discovery(str(path), run_name(path), found)
    place = None if str(run).startswith(_PATHLIKE) else parse_reference(str(run))
    if path.exists() or place is None:
        raise AlphaRLBenchError(f"run {run}: there is no such folder{_hint(run)}")
    return _discovery(str(place), _run_name(place.repo.partition("/")[2]), find_on_hub(place))


def _whole_model(folder: Path, what: str) -> Path:
    """The folder itself, if it holds a model's config and weights.

    Raises:
        AlphaRLBenchError: it does not; the error speaks of it as ``what``.
    """
    if not (folder / "config.json").is_file():
        raise AlphaRLBenchError(f"{what}: no config.json in {folder}; name a whole model")
    if (folder / ADAPTER_CONFIG).is_file():
        raise AlphaRLBenchError(
            f"{what}: {ADAPTER_CONFIG} lies beside the weights in {folder}, and transformers would "
            "add that adapter to the base; name a folder with links to the whole model alone"
        )
    if not holds_model(folder):
        raise AlphaRLBenchError(
            f"{what}: no weights in {folder} (one of {', '.join(WEIGHT_FILES)}); name a whole model"
        )
    return folder


@dataclass(frozen=True)
class BaseReference:
    """Where a run's base model is, before anything is downloaded.

    Args:
        location: a local folder or one on the Hub.
        what: its name in an error message.
    """

    location: Path | HubFolder
    what: str

    def folder(self) -> Path:
        """The local folder; one on the Hub is downloaded.

        Raises:
            AlphaRLBenchError: the download failed, or it is not a whole model.
        """
        return _whole_model(_local(self.location), self.what)


def find_base(found: Discovery, base: str | Path | None = None) -> BaseReference:
    """Where the base of a run is: as named, else what its adapters name, else its step 0.

    Raises:
        AlphaRLBenchError: it is not named anywhere, or not there.
    """
    if base is not None:
        return _base_reference(str(base), f"base {base}")
    adapter = _adapter_config(found.checkpoints[-1].location)
    if adapter is not None and (named := _base_of_adapter(adapter)):
        return _base_reference(named, f"base {named} (named in {adapter}; --base names another)")
    if found.start is not None:
        return BaseReference(found.start.location, f"base {found.start.location}")
    raise AlphaRLBenchError(
        f"{found.source}: nothing here says from which model training started; pass --base REF"
    )


def _discovery(source: str, name: str, found: Found[Path] | Found[HubFolder]) -> Discovery:
    places: Mapping[int, Path | HubFolder] = found.checkpoints
    checkpoints = {step: Checkpoint(step, place) for step, place in sorted(places.items())}
    start = checkpoints.pop(0, None)
    if not checkpoints:
        raise AlphaRLBenchError(
            f"{source}: only step 0, the start of training; a run needs a checkpoint after it"
        )
    return Discovery(source, name, found.layout, found.notes, tuple(checkpoints.values()), start)


def _run_name(name: str) -> str:
    """The name without the steps: DAPO-step-* is DAPO."""
    prefix, star, _ = name.partition("*")
    return (prefix.removesuffix("-step-").rstrip("-_") or name) if star else name


def _local(location: Path | HubFolder) -> Path:
    return location if isinstance(location, Path) else location.download()


def _hint(run: str | Path) -> str:
    return "" if str(run).startswith(_PATHLIKE) else ", and it is not a Hub id org/name either"


def _base_reference(reference: str, what: str) -> BaseReference:
    path = Path(reference).expanduser().absolute()
    if path.is_dir():
        return BaseReference(path, what)
    place = None if reference.startswith(_PATHLIKE) else parse_reference(reference)
    if path.exists() or place is None:
        raise AlphaRLBenchError(f"{what}: there is no such folder{_hint(reference)}")
    return BaseReference(place, what)


def _adapter_config(location: Path | HubFolder) -> Path | None:
    if isinstance(location, HubFolder):
        return location.adapter_config()
    return location / ADAPTER_CONFIG if is_adapter(location) else None


def _base_of_adapter(path: Path) -> str | None:
    config = read_adapter_config(path.parent)
    named = config.base_model_name_or_path
    if named and config.revision and not Path(named).is_dir():
        return f"{named}@{config.revision}"
    return named
