"""Put a variant's weights into a loaded model, and the base's back, bit for bit."""

from collections.abc import Iterator
from contextlib import contextmanager

from transformers import PreTrainedModel

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.spec import Variant


class PatchedModel:
    """One loaded base model whose weights become those of any variant of a run, in place.

    Args:
        model: the run's base, as transformers loaded it.
        source: the run's updates.
    """

    def __init__(self, model: PreTrainedModel, source: UpdateSource) -> None:
        self.model = model
        self._source = source
        self._parameters = dict(model.named_parameters())

    @contextmanager
    def wearing(self, variant: Variant) -> Iterator[PreTrainedModel]:
        """The model with the variant's weights inside the block, the base's again behind it.

        Raises:
            AlphaRLBenchError: checkpoint and base differ in the names or shapes of their tensors.
        """
        touched: list[str] = []
        base = WeightFiles(self._source.run.base)
        try:
            if variant.kind == "full":
                checkpoint = WeightFiles(self._source.run.at(variant.step).path)
                if odd := sorted(set(checkpoint.names) ^ set(base.names)):
                    raise AlphaRLBenchError(
                        f"{checkpoint.folder}: {', '.join(odd[:3])}: only in one of checkpoint and "
                        f"base {base.folder}; is this the run's base?"
                    )
                for name in checkpoint.names:
                    parameter, tensor = self._parameters[name].data, checkpoint.tensor(name)
                    if parameter.shape != tensor.shape:
                        raise AlphaRLBenchError(
                            f"{checkpoint.folder}: tensor '{name}' has shape "
                            f"{tuple(tensor.shape)}, the base has {tuple(parameter.shape)}"
                        )
                    touched.append(name)
                    parameter.copy_(tensor)
            elif variant.kind != "base":
                for name, update in self._source.low_rank(variant):
                    touched.append(name)
                    parameter = self._parameters[name].data
                    # Added in float32, then cast once to the model's dtype.
                    dense = update.dense().to(parameter.device)
                    parameter.copy_(parameter.float() + dense)
            yield self.model
        finally:
            for name in touched:
                self._parameters[name].data.copy_(base.tensor(name))
