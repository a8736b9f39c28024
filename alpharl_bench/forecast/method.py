"""How a forecaster is declared: its name, its title and where it is from."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast.forecaster import Forecaster

#: AlphaRL as the paper evaluates it: the target is the accuracy of the fully trained model, which
#: nobody knows where observation ends. No forecast, but what one could be at best.
ORACLE = "alpharl-oracle"

F = TypeVar("F", bound=Forecaster)


@dataclass(frozen=True)
class Method:
    """A forecaster as it was declared.

    Args:
        name: the name for ``--method`` and for its forecasts as variants.
        title: the name in reports.
        reference: the arXiv number and section, or what a naive method does; one line.
        forecaster: the class with its settings.
        baseline: whether AlphaRL is compared with it.
        scored_only: whether its predictions are scored but cannot be written as a model.
    """

    name: str
    title: str
    reference: str
    forecaster: Forecaster
    baseline: bool = False
    scored_only: bool = False

    def __post_init__(self) -> None:
        """Refuse what could not be typed, or would break a table.

        Raises:
            AlphaRLBenchError: the name is not made of lower-case words and hyphens, or the title or
                the reference is not one line of text.
        """
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise AlphaRLBenchError(
                f"forecast method '{self.name}': a name has lower-case letters, digits and single "
                "hyphens alone, as 'rank1-last'"
            )
        for what, text in (("title", self.title), ("reference", self.reference)):
            if not text.strip() or not text.isprintable():
                raise AlphaRLBenchError(
                    f"forecast method '{self.name}': its {what} must be one line of text"
                )


_DECLARED: defaultdict[type[Forecaster], list[Method]] = defaultdict(list)


def forecast_method(
    name: str,
    *,
    title: str,
    reference: str,
    baseline: bool = False,
    scored_only: bool = False,
    **settings: Any,
) -> Callable[[type[F]], type[F]]:
    """Declare a forecaster; several times on one class with several settings.

    Args:
        name: the name, as in :class:`Method`.
        title: the title, as there.
        reference: the reference, as there.
        baseline: the flag, as there.
        scored_only: the flag, as there.
        settings: the arguments of the class.

    Raises:
        AlphaRLBenchError: as :class:`Method`.
    """

    def declare(cls: type[F]) -> type[F]:
        method = Method(name, title, reference, cls(**settings), baseline, scored_only)
        # The uppermost decorator is applied last and comes first.
        _DECLARED[cls].insert(0, method)
        return cls

    return declare


def declared(cls: type[Forecaster]) -> Sequence[Method]:
    """The methods that a class was declared as, the uppermost first; none of its base classes."""
    return tuple(_DECLARED.get(cls, ()))
