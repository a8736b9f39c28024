"""Put a variant's weights into a loaded model, and the base's back, bit for bit."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from alpharl_bench.checkpoints import Weights, cast, is_expert, is_vocabulary
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.variants.extrapolated_logits import ExtrapolatedLogits, extrapolated_logits
from alpharl_bench.variants.heads import ties
from alpharl_bench.variants.materialise import Change, Update, UpdateSource
from alpharl_bench.variants.parameters import Parameters
from alpharl_bench.variants.rounding import Rounding
from alpharl_bench.variants.spec import Variant
from alpharl_bench.variants.whole import whole

# Whole numbers of the width of a dtype: sums of them are exact in any order.
_BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class PatchedModel:
    """One loaded base model whose weights become those of any variant of a run, in place.

    ``asked`` says of the variant that is worn whether its weights differ from the base's at all,
    ``differs`` whether they still do in the model's dtype, ``moved`` how far: the largest
    ‖W − W_0‖/‖W_0‖ of a tensor that every text goes through, as rows of a vocabulary and experts
    are not; ``rounding`` what is left in the model's dtype of an update that was added.

    Args:
        model: the run's base, as transformers loaded it.
        source: the run's updates.
    """

    asked: bool = False
    differs: bool = False
    moved: float = 0.0
    rounding = Rounding()

    def __init__(self, model: PreTrainedModel, source: UpdateSource) -> None:
        self.model = model
        self._source = source
        self._parameters = Parameters(model)

    @contextmanager
    def use_variant(self, variant: Variant) -> Iterator[PreTrainedModel]:
        """The model with the variant's weights inside the block, the base's again behind it.

        Raises:
            AlphaRLBenchError: the run has no such checkpoint, checkpoint and base differ in the
                names or shapes of their tensors, the loaded model has no place for one, or it does
                not hold what was put there.
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
        touched: dict[str, int] = {}
        self.asked, self.differs, self.moved = False, False, 0.0
        self.rounding = Rounding()
        tied = self._tied_head()
        try:
            if not isinstance(change, Weights):
                self._add(change, touched)
            elif change is not self._source.base:
                self._replace(change, touched)
            self._verify(touched)
            yield self.model
        finally:
            if tied is not None and self._tied_head() is None:
                self._set_head(tied)
            for name in touched:
                if name in self._source.base.names or "[" in name:
                    self._parameters[name].copy_(self._source.base.tensor(name))

    @contextmanager
    def _extrapolating(self, change: ExtrapolatedLogits) -> Iterator[PreTrainedModel]:
        # A copy of the base, as the model is one still; the earlier checkpoint is put in below.
        later = PatchedModel(copy.deepcopy(self.model), self._source)
        touched: dict[str, int] = {}
        later._replace(change.later, touched)
        later._verify(touched)
        with (
            self.changed(change.earlier) as model,
            extrapolated_logits(model, later.model, change.alpha),
        ):
            if change.alpha != 0:
                self.asked = self.asked or later.asked
                self.differs = self.differs or later.differs
                self.moved = max(self.moved, later.moved)
            yield model

    def _replace(self, weights: Weights, touched: dict[str, int]) -> None:
        tied = self._tied_head()
        if tied is not None and not ties(weights):
            # The parameter that was the embeddings becomes one of its own.
            self._set_head(torch.nn.Parameter(tied.detach().clone()))
        for name, tensor in whole(self._source.base, weights):
            self._put(name, tensor, touched)

    def _add(self, update: Update, touched: dict[str, int]) -> None:
        for name, factors in update.items():
            parameter = self._parameters[name]
            before = self._source.base.tensor(name).to(parameter.device, parameter.dtype)
            if not torch.equal(parameter, before):
                raise AlphaRLBenchError(
                    f"{type(self.model).__name__}: parameter '{name}' is not that of the base "
                    f"{self._source.base.folder}: an update cannot be added to it"
                )
            # Added in float32, then cast once to the model's dtype.
            exact = factors.dense().to(parameter.device)
            self._put(name, before.float() + exact, touched)
            if parameter.dtype != torch.float32:
                self.rounding += Rounding.of(exact, parameter.float() - before.float())
            self.asked = self.asked or bool(factors.sigma.any())

    def _put(self, name: str, tensor: torch.Tensor, touched: dict[str, int]) -> None:
        parameter = self._parameters[name]
        put = cast(name, tensor.to(parameter.device), parameter.dtype)
        if not torch.equal(parameter, put):
            self.asked = self.differs = True
            if not (is_expert(name) or is_vocabulary(name)):
                distance, size = (parameter.float() - put.float()).norm(), parameter.float().norm()
                self.moved = max(self.moved, float(distance / size) if size else 1.0)
        touched[name] = _checksum(put)
        parameter.copy_(put)

    def _verify(self, touched: dict[str, int]) -> None:
        """Every touched parameter holds what was put there: none was written over by another's."""
        for name, checksum in touched.items():
            if _checksum(self._parameters[name]) != checksum:
                raise AlphaRLBenchError(
                    f"{type(self.model).__name__}: parameter '{name}' does not hold the variant's "
                    "weights: it shares its memory with another"
                )

    def _tied_head(self) -> torch.nn.Parameter | None:
        """The embeddings' parameter, if it is the output head's too."""
        head, embeddings = self.model.get_output_embeddings(), self.model.get_input_embeddings()
        tied: torch.nn.Parameter = embeddings.weight
        return None if head is None or head.weight is not tied else tied

    def _set_head(self, parameter: torch.nn.Parameter) -> None:
        self.model.get_output_embeddings().weight = parameter
        self._parameters = Parameters(self.model)


def _checksum(tensor: torch.Tensor) -> int:
    """The sum of a tensor's bits, read as whole numbers."""
    bits = tensor.detach().contiguous().view(_BITS[tensor.dtype.itemsize])
    return int(bits.sum(dtype=torch.int64))
