"""The line from the base through one checkpoint, of which several methods are special cases."""

from collections.abc import Callable
from dataclasses import dataclass

from alpharl_bench.checkpoints import Weights
from alpharl_bench.forecast.forecaster import Fitted, Target
from alpharl_bench.variants.combined import CombinedWeights


@dataclass(frozen=True)
class Line(Fitted):
    """W_0 + α · (W_t − W_0).

    Args:
        base: W_0.
        through: W_t.
        factor: α for a target.
        copied: tensors that are those of W_t, by their name.
    """

    base: Weights
    through: Weights
    factor: Callable[[Target], float]
    copied: Callable[[str], bool] = lambda _: False

    def predict(self, target: Target) -> Weights:
        """The point of the line that belongs to a target."""
        alpha = self.factor(target)
        return CombinedWeights(
            self.base,
            (self.through,),
            lambda name: (1.0 if self.copied(name) else alpha,),
        )
