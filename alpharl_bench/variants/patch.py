"""Put a variant's weights into a loaded model, and the base's back, bit for bit."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from transformers import PreTrainedModel

from alpharl_bench.checkpoints import Weights, cast
from alpharl_bench.variants.extrapolated_logits import ExtrapolatedLogits, extrapolated_logits
from alpharl_bench.variants.materialise import Change, Update, UpdateSource
from alpharl_bench.variants.parameters import Parameters
from alpharl_bench.variants.spec import Variant
from alpharl_bench.variants.whole import whole


class PatchedModel:
    """One loaded base model whose weights become those of any variant of a run, in place.

    Args:
        model: the run's base, as transformers loaded it.
        source: the run's updates.
    """

    def __init__(self, model: PreTrainedModel, source: UpdateSource) -> None:
        self.model = model
        self._source = source
        self._parameters = Parameters(model)

    @contextmanager
    def use_variant(self, variant: Variant) -> Iterator[PreTrainedModel]:
        """The model with the variant's weights inside the block, the base's again behind it.

        Raises:
            AlphaRLBenchError: the run has no such checkpoint, checkpoint and base differ in the
                names or shapes of their tensors, or the loaded model has no place for one.
        """
        with self.changed(self._source.change(variant)) as model:
            yield model

    @contextmanager
    def changed(self, change: Change) -> Iterator[PreTrainedModel]:
        """The same with an update added, or with the weights of another model of the run.

        Extrapolated logits need a second model, which is held for the time of the block.

        Raises:
            AlphaRLBenchError: as :meth:`use_variant`.
        """
        if isinstance(change, ExtrapolatedLogits):
            with self._extrapolating(change) as model:
                yield model
            return
        touched: list[str] = []
        try:
            if not isinstance(change, Weights):
                self._add(change, touched)
            elif change is not self._source.base:
                self._replace(change, touched)
            yield self.model
        finally:
            for name in touched:
                self._parameters[name].copy_(self._source.base.tensor(name))

    @contextmanager
    def _extrapolating(self, change: ExtrapolatedLogits) -> Iterator[PreTrainedModel]:
        # A copy of the base, as the model is one still; the earlier checkpoint is put in below.
        later = PatchedModel(copy.deepcopy(self.model), self._source)
        later._replace(change.later, [])
        with (
            self.changed(change.earlier) as model,
            extrapolated_logits(model, later.model, change.alpha),
        ):
            yield model

    def _replace(self, weights: Weights, touched: list[str]) -> None:
        for name, tensor in whole(self._source.base, weights):
            parameter = self._parameters[name]
            touched.append(name)
            parameter.copy_(cast(name, tensor, parameter.dtype))

    def _add(self, update: Update, touched: list[str]) -> None:
        for name, factors in update.items():
            parameter = self._parameters[name]
            touched.append(name)
            # Added in float32, then cast once to the model's dtype.
            total = parameter.float() + factors.dense().to(parameter.device)
            parameter.copy_(cast(name, total, parameter.dtype))
