"""A run that a test has made itself, as a source."""

from dataclasses import dataclass

from alpharl_bench.checkpoints import Run
from alpharl_bench.runs.source import OpenedRun, RunInfo


@dataclass(frozen=True)
class PlantedRun:
    """A run on disk under a digest of the test's choice."""

    run: Run
    chosen: str
    public = False

    def digest(self) -> str:
        return self.chosen

    def open(self) -> OpenedRun:
        return OpenedRun(self.run, self.chosen)

    def info(self) -> RunInfo:
        raise AssertionError("a planted run is there")
