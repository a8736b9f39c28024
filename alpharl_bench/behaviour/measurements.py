"""What can be measured of chains of thought, named: claims ask for these, and read their columns.

Every pass gives figures of each question, ``label: figure``. Nothing is loaded here.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from alpharl_bench.variants import BASE, FULL, Variant

#: Tokens that are the beginning of a chain, 'approximately the first sentence' (Appendix D); of a
#: shorter chain this share of it, and one at least.
BEGINNING_TOKENS, BEGINNING_SHARE = 20, 0.1
#: Where a chain is cut: behind so many tokens, behind its beginning, or at a place drawn evenly.
Cut = int | Literal["beginning", "random"]


def beginning(length: int) -> int:
    """How many tokens are the beginning of a chain of this length; 0 of an empty one."""
    return min(BEGINNING_TOKENS, math.ceil(BEGINNING_SHARE * length))


class _Measurement(ABC):
    figures: ClassVar[tuple[str, ...]]

    @property
    @abstractmethod
    def label(self) -> str: ...

    def __getitem__(self, figure: str) -> str:
        """The name of a column."""
        if figure not in self.figures:
            raise KeyError(figure)
        return f"{self.label}: {figure}"


@dataclass(frozen=True)
class Chains(_Measurement):
    """A variant's responses, one to each question.

    They are greedy, sampled as its tasks say, or ``untempered``: drawn at temperature 1, which is
    the policy that RL trains, whatever the tasks say.

    ``right`` is 1 where the answer is, ``tokens`` the length with the end token.
    """

    writer: Variant
    how: Literal["greedy", "sampled", "untempered"] = "greedy"
    figures: ClassVar[tuple[str, ...]] = ("right", "tokens")

    @property
    def label(self) -> str:
        """As in tables: ``greedy full``."""
        return f"{self.how} {self.writer.label}"


@dataclass(frozen=True)
class TeacherForced(_Measurement):
    """A variant reads chains token by token and says what it would have chosen (Appendix D).

    ``positions`` counts the tokens, ``non-greedy`` those that the reader would not have chosen,
    ``surprise`` is the sum of their −log p in nats; ``early`` ones are of the chain's beginning.
    With ``of_another`` every chain is put behind another question of its task: what is not to be
    expected there.
    """

    reader: Variant
    chains: Chains
    of_another: bool = False
    figures: ClassVar[tuple[str, ...]] = (
        "positions",
        "non-greedy",
        "surprise",
        "early positions",
        "early non-greedy",
    )

    @property
    def label(self) -> str:
        """As in tables: ``base reads greedy full``."""
        place = ", of another question" if self.of_another else ""
        return f"{self.reader.label} reads {self.chains.label}{place}"

    @property
    def critical(self) -> bool:
        """Whether it tells at which tokens the trained model leaves the base (Figure 13)."""
        return self == TeacherForced(BASE, Chains(FULL))


@dataclass(frozen=True)
class Continuation(_Measurement):
    """A variant goes on greedily from where chains are cut (Appendix D, Figure 14).

    ``right`` is 1 where the answer is, ``given`` the number of tokens before the cut.
    """

    reader: Variant
    chains: Chains
    cut: Cut
    figures: ClassVar[tuple[str, ...]] = ("right", "given")

    @property
    def label(self) -> str:
        """As in tables: ``base from 4 tokens of greedy rank-1``."""
        names = {"beginning": "the beginning", "random": "a random part"}
        cut = f"{self.cut} tokens" if isinstance(self.cut, int) else names[self.cut]
        return f"{self.reader.label} from {cut} of {self.chains.label}"


@dataclass(frozen=True)
class AnswerAgreement(_Measurement):
    """Whether chains begin and end as others do (Table 2).

    ``start`` is 1 where they share the other's beginning, ``answer`` where the final answers are
    equal, ``both`` where both hold.
    """

    chains: Chains
    other: Chains
    figures: ClassVar[tuple[str, ...]] = ("start", "answer", "both")

    @property
    def label(self) -> str:
        """As in tables: ``greedy rank-1 like greedy full``."""
        return f"{self.chains.label} like {self.other.label}"


@dataclass(frozen=True)
class Divergence(_Measurement):
    """How far a variant is from the writer of untempered chains, over all that it might have said.

    ``nats`` is the sum over a chain's tokens of KL(writer ‖ reader), exact over the vocabulary
    where the engine gives that, as transformers does; ``drawn`` is the sum of log p_writer −
    log p_reader of the tokens themselves, which has the same mean over chains, and stands for
    ``nats`` with vLLM. Both are of policies at temperature 1. ``tokens`` is the chain's length.
    """

    reader: Variant
    chains: Chains
    figures: ClassVar[tuple[str, ...]] = ("nats", "drawn", "tokens")

    @property
    def label(self) -> str:
        """As in tables: ``rank-1 apart from untempered full``."""
        return f"{self.reader.label} apart from {self.chains.label}"


Measurement = Chains | TeacherForced | Continuation | AnswerAgreement | Divergence


def chains_of(wanted: Measurement) -> tuple[Chains, ...]:
    """The chains that a pass takes."""
    match wanted:
        case Chains():
            return (wanted,)
        case AnswerAgreement():
            return (wanted.chains, wanted.other)
        case _:
            return (wanted.chains,)


def variants_of(wanted: Measurement) -> tuple[Variant, ...]:
    """The variants that a pass takes: who reads or goes on, and who wrote the chains."""
    reading = (TeacherForced, Continuation, Divergence)
    reader = (wanted.reader,) if isinstance(wanted, reading) else ()
    return (*reader, *(chains.writer for chains in chains_of(wanted)))
