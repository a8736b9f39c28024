"""A run of the user's own: a folder, or a repository of the Hub."""

from dataclasses import dataclass
from pathlib import Path

from alpharl_bench.checkpoints import discover, open_run, size_of
from alpharl_bench.checkpoints.config import load_config
from alpharl_bench.checkpoints.hub import HubFolder
from alpharl_bench.checkpoints.run import Discovery, find_base
from alpharl_bench.runs.content import content_digest, dtype_bytes
from alpharl_bench.runs.source import OpenedRun, RunInfo


@dataclass(frozen=True)
class ExternalRun:
    """A run that some trainer left in a folder or on the Hub.

    Args:
        reference: the reference, as :func:`~alpharl_bench.checkpoints.open_run` takes it.
        base: likewise; None where the run itself says it.

    Raises:
        AlphaRLBenchError: (on use) see :func:`~alpharl_bench.checkpoints.open_run`.
    """

    reference: str
    base: str | None = None
    public = False

    def discover(self) -> Discovery:
        """Its checkpoints; nothing is downloaded."""
        return discover(self.reference)

    def digest(self) -> str | None:
        """By the content of what lies here, of what is on the Hub by its commits."""
        base = self._base()
        here = not isinstance(base, HubFolder) or base.cached() is not None
        return self.open().digest if here else None

    def info(self) -> RunInfo:
        """What is known of it; of a base on the Hub the config is fetched."""
        # Imported here: it takes seconds, and a session that judges asks for no sizes.
        from transformers import AutoModelForCausalLM  # noqa: PLC0415

        checkpoints, base = self.discover().checkpoints, self._base()
        places: dict[int | None, Path | HubFolder] = {None: base}
        places |= {checkpoint.step: checkpoint.location for checkpoint in checkpoints}
        remote = {step: place for step, place in places.items() if isinstance(place, HubFolder)}
        folder = base.config().parent if isinstance(base, HubFolder) else base
        config = load_config(folder)
        return RunInfo(
            steps=tuple(checkpoint.step for checkpoint in checkpoints),
            size=size_of(lambda: AutoModelForCausalLM.from_config(config)),
            stored=dtype_bytes(config.dtype),
            remote=frozenset(remote),
            cached=frozenset(step for step, place in remote.items() if place.cached()),
            digest=self.digest(),
        )

    def open(self) -> OpenedRun:
        """Its checkpoints; a base on the Hub is fetched."""
        run = open_run(self.reference, self.base)
        return OpenedRun(run, content_digest(run))

    def _base(self) -> Path | HubFolder:
        return find_base(self.discover(), self.base).location
