"""Public runs of the registry, on the Hub."""

import json
from dataclasses import dataclass
from functools import cache

from alpharl_bench.checkpoints import ModelSize, cached_base, cached_steps, open_release, size_of
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import Architecture, Release
from alpharl_bench.runs.content import content_digest, dtype_bytes
from alpharl_bench.runs.source import OpenedRun, RunInfo

_UNCOUNTED = "how many checkpoints there are is not known: the last alone is counted"


@dataclass(frozen=True)
class ReleasedRun:
    """A public run, as the registry describes it.

    Args:
        release: the run.
        architecture: the architecture of its model.

    Raises:
        AlphaRLBenchError: (on opening) see :func:`~alpharl_bench.checkpoints.open_release`.
    """

    release: Release
    architecture: Architecture
    public = True

    def digest(self) -> str | None:
        """By the content of its base and the commits of its checkpoints."""
        if not cached_base(self.release):
            return None
        try:
            return self.open().digest
        except AlphaRLBenchError:
            return None  # Only the Hub knows the commits of its checkpoints, and it is not there.

    def info(self) -> RunInfo:
        """What is known of it; the Hub is asked for nothing unless its base is here."""
        release = self.release
        base = cached_base(release)
        steps = release.supposed_steps
        here = cached_steps(release)
        # Which steps there are is known of what is here, where the registry does not know it.
        if not release.steps and len(here) > len(steps):
            steps = tuple(sorted(here))
        return RunInfo(
            steps=steps,
            size=_size_of(self.architecture.architecture, json.dumps(self.architecture.config)),
            stored=dtype_bytes(release.dtype),
            remote=frozenset({None, *steps}),
            cached=frozenset({*({None} if base else ()), *(here & set(steps))}),
            digest=self.digest(),
            about=(
                f"licence: {release.licence or 'none that was seen'}",
                f"not verified: {release.unverified}",
                *(() if release.steps or release.checkpoints else (_UNCOUNTED,)),
            ),
        )

    def open(self) -> OpenedRun:
        """Its checkpoints, which are fetched when they are read; its base is fetched now."""
        run = open_release(self.release)
        return OpenedRun(run, content_digest(run))


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
