"""Which target a forecast was made for, and by what it was chosen."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
from pydantic.dataclasses import dataclass

from alpharl_bench.forecast.forecaster import Target

#: AlphaRL as the paper evaluates it: the target is the accuracy of the fully trained model, which
#: nobody knows where observation ends. No forecast, but what one could be at best.
ORACLE = "alpharl-oracle"


@cache
def methods_digest() -> str:
    """A digest of the code of all methods: what another text of them predicted does not count."""
    folder = Path(__file__).parent
    files = sorted([*folder.glob("*.py"), *(folder.parent / "dynamics").glob("*.py")])
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


@dataclass(frozen=True)
class Choice:
    """The target of a forecast, chosen by the accuracy that its candidates have on other questions.

    Args:
        variant: the label of the forecast.
        method: its method.
        percent: the observed part of the training.
        steps: of the observed checkpoints, (T,).
        observed: their accuracies on the validation split, (T,); empty where the method needs none.
        targets: the candidates, the most cautious first, (C,); none where nothing can be fitted and
            the method stands still.
        accuracies: of the candidates on the validation split, (C,); empty of a single one.
    """

    variant: str
    method: str
    percent: int
    steps: tuple[int, ...]
    observed: tuple[float, ...]
    targets: tuple[Target, ...]
    accuracies: tuple[float, ...]

    @property
    def target(self) -> Target | None:
        """The candidate with the best accuracy, the most cautious of several; None: standstill."""
        if not self.targets:
            return None
        # argmax takes the first of several.
        return self.targets[int(np.argmax(self.accuracies)) if self.accuracies else 0]
