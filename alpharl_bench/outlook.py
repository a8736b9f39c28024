"""What is known of a run before it is opened: nothing is trained or downloaded to tell it."""

from dataclasses import dataclass, field

from alpharl_bench.checkpoints import ModelSize


@dataclass(frozen=True)
class Outlook:
    """What a run will cost follows from this.

    Args:
        steps: of its checkpoints, as :attr:`Run.steps`; supposed ones where they are not known.
        size: of its model.
        stored: bytes of a parameter in its checkpoints.
        remote: the checkpoints that are on the Hub, by step; None stands for the base.
        cached: those of them that are here already.
        digest: the run's content key; None where the base must be here to tell it.
        to_train: steps of training until it is whole, those of a run that teaches it included.
        training: bytes on disk that this takes, with the bases that have to be made.
        wheel: bytes of a wheel that is fetched first, with its base in it.
        about: what a reader should know of where it comes from, a line each.
    """

    steps: tuple[int, ...]
    size: ModelSize
    stored: int
    remote: frozenset[int | None] = field(default_factory=frozenset)
    cached: frozenset[int | None] = field(default_factory=frozenset)
    digest: str | None = None
    to_train: int = 0
    training: int = 0
    wheel: int = 0
    about: tuple[str, ...] = ()

    @property
    def checkpoint_bytes(self) -> int:
        """Bytes of the weights of one checkpoint."""
        return self.size.parameters * self.stored
