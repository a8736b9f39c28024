"""What a graded response is: its mark, and the form in which it votes."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """One character per sampled response, as it is stored. All but ``RIGHT`` count as wrong."""

    RIGHT = "1"
    WRONG = "0"
    #: The response does not end in an answer, as when it was cut off.
    NO_ANSWER = "-"
    #: The answer is longer, or takes more time or memory to compare, than the limits allow.
    STOPPED = "x"


@dataclass(frozen=True)
class Grade:
    """The mark of a response and the canonical text of its answer.

    Equal forms are one vote in maj@k. Every ``RIGHT`` answer has the form of the gold answer, and
    no other has it; wrong answers that are written differently but mean the same have one form
    where that can be seen. ``form`` is None where nothing is there to vote: no answer, or stopped.
    """

    mark: Mark
    form: str | None
