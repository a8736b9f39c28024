"""The one interface of every place that a run comes from, and what it answers."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from alpharl_bench.checkpoints import ModelSize, Run


@dataclass(frozen=True)
class RunInfo:
    """What is known of a run before it is opened; its costs follow from this.

    Args:
        steps: the steps of its checkpoints, as :attr:`Run.steps`; supposed ones where they are not
            known.
        size: the size of its model.
        stored: bytes of a parameter in its checkpoints.
        remote: the checkpoints that are on the Hub, by step; None stands for the base.
        cached: those of them that are cached.
        digest: the digest, as of :meth:`RunSource.digest`.
        to_train: steps of training until it is whole, those of a run that teaches it included.
        training: bytes on disk that this takes, with the bases that have to be made.
        wheel: bytes of a wheel that is fetched first, with its base in it.
        about: what a reader should know of where it comes from, a line each.
        base_digest: the digest of its base as it is asked; None where that is not known yet.
    """

    steps: tuple[int, ...]
    size: "ModelSize"
    stored: int
    remote: frozenset[int | None] = field(default_factory=frozenset)
    cached: frozenset[int | None] = field(default_factory=frozenset)
    digest: str | None = None
    to_train: int = 0
    training: int = 0
    wheel: int = 0
    about: tuple[str, ...] = ()
    base_digest: str | None = None

    @property
    def checkpoint_bytes(self) -> int:
        """Bytes of the weights of one checkpoint."""
        return self.size.parameters * self.stored


@dataclass(frozen=True)
class OpenedRun:
    """A run on disk with the digest of everything that its scores depend on."""

    run: "Run"
    digest: str


class RunSource(Protocol):
    """Where a run comes from. A source holds no weights and can be sent to another process."""

    @property
    def public(self) -> bool:
        """Whether it is a public run: a session skips it where this machine has no room for it."""

    def info(self) -> RunInfo:
        """What is known beforehand; no weights are downloaded and nothing is trained to tell it.

        Raises:
            AlphaRLBenchError: there is no such run.
        """

    def digest(self) -> str | None:
        """The digest that the opened run will have; None where its base must be here to tell it.

        Raises:
            AlphaRLBenchError: there is no such run.
        """

    def open(self) -> OpenedRun:
        """The checkpoints; the run is trained, or its base is fetched, where that is lacking.

        Raises:
            AlphaRLBenchError: there is no such run, or no room for it.
        """
