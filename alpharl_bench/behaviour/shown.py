"""What a reader looks at: where and which tokens are not greedy, and some answers side by side."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from pydantic.dataclasses import dataclass

from alpharl_bench.behaviour.chains import Chain
from alpharl_bench.behaviour.measurements import beginning
from alpharl_bench.behaviour.reading import Read
from alpharl_bench.behaviour.table import (
    PARTS,
    SHOWN_CHARACTERS,
    Answer,
    Example,
    Places,
    TokenCount,
)
from alpharl_bench.cache import content_key
from alpharl_bench.grading import Mark

#: Pairs of tokens in the table, and examples of each sort.
_TOKENS, _EXAMPLES = 20, 3


@dataclass(frozen=True)
class Asked:
    """A question whose chains are kept; ``prompt`` is empty where it must not be shown."""

    task: str
    id: str
    prompt: str


def places(chains: Sequence[Chain], found: Sequence[Read]) -> Places:
    """Count the positions of chains, and the non-greedy ones, in tenths of their length."""
    positions, other = [0] * PARTS, [0] * PARTS
    for chain, read in zip(chains, found, strict=True):
        for at, (token, chosen) in enumerate(zip(chain.tokens, read.chosen, strict=True)):
            part = PARTS * at // len(chain.tokens)
            positions[part] += 1
            other[part] += token != chosen
    return Places(tuple(positions), tuple(other))


def tokens(
    read_chains: Iterable[tuple[Chain, Read]], text: Callable[[int], str]
) -> tuple[TokenCount, ...]:
    """The most frequent pairs of a written token and the one that the reader would have chosen."""
    found: dict[tuple[int, int], list[tuple[bool, float]]] = defaultdict(list)
    for chain, read in read_chains:
        length = len(chain.tokens)
        for at, pair in enumerate(zip(chain.tokens, read.chosen, strict=True)):
            if pair[0] != pair[1]:
                found[pair].append((at < beginning(length), at / length))
    most = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))[:_TOKENS]
    return tuple(
        TokenCount(
            written=text(written),
            chosen=text(chosen),
            count=len(where),
            early=sum(early for early, _ in where),
            place=sum(place for _, place in where) / len(where),
        )
        for (written, chosen), where in most
    )


def examples(
    questions: Sequence[Asked], chains: Mapping[str, Sequence[Chain]]
) -> tuple[Example, ...]:
    """Some questions with the answers of every model, in an order that their ids decide.

    Chosen are those that the trained model answers and the base does not; the others are drawn from
    all. Questions that must not be shown are not among them.

    Args:
        questions: all of them; ``prompt`` is empty where it must not be shown.
        chains: the chains of every model by its label, question by question.
    """
    order = sorted(
        (i for i, question in enumerate(questions) if question.prompt),
        key=lambda i: content_key(task=questions[i].task, question=questions[i].id),
    )

    def right(label: str, i: int) -> bool:
        return label in chains and chains[label][i].mark == Mark.RIGHT

    telling = [i for i in order if right("greedy full", i) and not right("greedy base", i)]
    picked = [(i, True) for i in telling[:_EXAMPLES]]
    picked += [(i, False) for i in order if i not in telling[:_EXAMPLES]][:_EXAMPLES]
    if not chains:
        return ()
    return tuple(
        Example(
            task=questions[i].task,
            prompt=questions[i].prompt[:SHOWN_CHARACTERS],
            chosen=chosen,
            answers=tuple(
                Answer(label, own[i].text[:SHOWN_CHARACTERS], right(label, i))
                for label, own in chains.items()
            ),
        )
        for i, chosen in picked
    )
