"""``statements/<section>.toml``: sentences of the paper, and what each is checked by."""

from typing import Literal

from pydantic import Field, model_validator

from alpharl_bench.printed.checks import Check
from alpharl_bench.printed.table import Entry

#: What is found of a sentence. ``contradicted``: by the arithmetic of what is printed, however the
#: sentence is read; ``editorial slip``: a wrong number of a reference, or name; ``depends on a
#: reading``: wrong in one sense of its words; ``not printed``: no table has the numbers behind it.
Outcome = Literal[
    "consistent", "contradicted", "editorial slip", "depends on a reading", "not printed"
]


class Statement(Entry):
    """A sentence, or the part of it that has the number, quoted as it stands in the paper.

    ``known`` is what is expected of it, and what a check that fails is called: ``contradicted``
    unless it says otherwise. ``note`` is how it was read, or what would make it right.
    """

    id: str
    quote: str = Field(min_length=5)
    place: str
    checks: tuple[Check, ...] = ()
    known: Outcome = "consistent"
    note: str = ""

    @model_validator(mode="after")
    def _explained(self) -> "Statement":
        if bool(self.checks) == (self.known == "not printed"):
            raise ValueError("either checks, or known = 'not printed'")
        if self.known != "consistent" and not self.note:
            raise ValueError(f"note: say why it is {self.known}")
        return self
