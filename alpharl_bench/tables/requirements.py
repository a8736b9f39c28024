"""What has to be there before a verdict can be: declared here once, priced, reserved and made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alpharl_bench.scoring.sampling import Split
from alpharl_bench.variants import Variant

if TYPE_CHECKING:
    from alpharl_bench.behaviour import Measurement


@dataclass(frozen=True)
class Requirements:
    """Scores, chains of thought, checkpoints and triplets, each thing once.

    Args:
        scores: the maximum number of batches of samples of a variant on a split.
        generated: the passes that write chains, one response to every question each.
        read: the passes that read chains, all prompts and responses once each.
        opened: the steps of the checkpoints whose weights are read; None is the base.
        decomposed: variants whose triplets are kept on disk.
        whole: whether all singular values of the last update are needed.
        side_by_side: whether weights of several checkpoints are read tensor by tensor.
        drawn: the maximum number of responses of the base that a bias vector is fitted by.
    """

    scores: Mapping[tuple[Variant, Split], int] = field(default_factory=dict)
    generated: frozenset["Measurement"] = frozenset()
    read: frozenset["Measurement"] = frozenset()
    opened: frozenset[int | None] = frozenset()
    decomposed: frozenset[Variant] = frozenset()
    whole: bool = False
    side_by_side: bool = False
    drawn: int = 0

    @property
    def loads(self) -> bool:
        """Whether a model is loaded to answer questions."""
        return bool(self.scores or self.generated)


def union(requirements: Iterable[Requirements]) -> Requirements:
    """What several claims on one run require: what they share is required once."""
    found = list(requirements)
    scores: dict[tuple[Variant, Split], int] = {}
    for one in found:
        for scored, count in one.scores.items():
            scores[scored] = max(count, scores.get(scored, 0))
    return Requirements(
        scores=scores,
        generated=frozenset().union(*(one.generated for one in found)),
        read=frozenset().union(*(one.read for one in found)),
        opened=frozenset().union(*(one.opened for one in found)),
        decomposed=frozenset().union(*(one.decomposed for one in found)),
        whole=any(one.whole for one in found),
        side_by_side=any(one.side_by_side for one in found),
        drawn=max((one.drawn for one in found), default=0),
    )
