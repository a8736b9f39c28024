"""How the tokens of a response are chosen from a model's logits, if not as the task says."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

_Biases = Mapping[int, float]


@dataclass(frozen=True)
class Decoding:
    """What is done to the logits before a token is drawn.

    Args:
        temperature: the temperature, in place of the task's; 0 is greedy, None the task's own.
        bias: what is added to the logit of each token, in nats, wherever it stands.
        first: what is added to the logits of the first token of a response beside that.
    """

    temperature: Annotated[float, Field(ge=0)] | None = None
    bias: _Biases = Field(default_factory=dict)
    first: _Biases = Field(default_factory=dict)

    def __str__(self) -> str:
        """In words: ``greedy``, ``temperature 0.5``, ``token 7 +2``, ``biases of 80 tokens``."""
        parts = []
        if self.temperature is not None:
            parts.append(f"temperature {self.temperature:g}" if self.temperature else "greedy")
        for biases, where in ((self.bias, ""), (self.first, " at first")):
            parts += [
                f"token {token} {'forced' if by > 0 else 'forbidden'}{where}"
                if abs(by) == FORCED
                else f"token {token} {by:+g}{where}"
                for token, by in biases.items()
                if len(biases) == 1
            ]
            parts += [f"biases of {len(biases)} tokens{where}"] if len(biases) > 1 else []
        return ", ".join(parts) or "as asked"

    @property
    def biased(self) -> bool:
        """Whether logits are changed."""
        return bool(self.bias or self.first)


DECODING = TypeAdapter(Decoding)
#: As the task says.
AS_ASKED = Decoding()
#: A logit that decides: no model gives one token so much more than another. Not infinite, or a
#: token that is forced and forbidden at once would have no probability.
FORCED = 1e4
