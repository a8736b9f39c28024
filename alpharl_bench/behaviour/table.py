"""What was measured of the chains of one run: a row per question, and what a reader looks at."""

from collections.abc import Mapping

from pydantic.dataclasses import dataclass

#: Parts of a chain that non-greedy positions are counted in.
PARTS = 10
#: Of a response that a report shows, at most.
SHOWN_CHARACTERS = 400


@dataclass(frozen=True)
class QuestionRow:
    """One question: its task and id, and a figure for every column of the passes that were made."""

    task: str
    question: str
    columns: Mapping[str, float]


@dataclass(frozen=True)
class Places:
    """Where in its chains a reading is not greedy.

    Args:
        positions: (PARTS,) how many tokens stand in each tenth of their chains.
        other: (PARTS,) how many of them the reader would not have chosen.
    """

    positions: tuple[int, ...]
    other: tuple[int, ...]


@dataclass(frozen=True)
class TokenCount:
    """A pair of tokens that often stand where a reading is not greedy; texts are the model's own.

    Args:
        written: the token of the chain.
        chosen: the reader's greedy token.
        count: the number of occurrences.
        early: the number of occurrences at the beginning of a chain.
        place: the mean place in the chain, from 0 (its first token) towards 1.
    """

    written: str
    chosen: str
    count: int
    early: int
    place: float


@dataclass(frozen=True)
class Answer:
    """One model's response to a shown question, cut to :data:`SHOWN_CHARACTERS`."""

    chains: str
    text: str
    right: bool


@dataclass(frozen=True)
class Example:
    """A question with the answers of several models (Table 2); texts are untrusted.

    ``chosen`` ones are answered by the trained model and not by the base, the others are drawn.
    """

    task: str
    prompt: str
    chosen: bool
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Behaviour:
    """All of it; ``places`` are by reading, ``tokens`` those where the base is not greedy."""

    questions: tuple[QuestionRow, ...]
    places: Mapping[str, Places]
    tokens: tuple[TokenCount, ...]
    examples: tuple[Example, ...]


NO_BEHAVIOUR = Behaviour((), {}, (), ())
