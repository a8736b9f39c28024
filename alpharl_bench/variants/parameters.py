"""A loaded model's parameters under the names that checkpoint files give them."""

import re

import torch
from transformers import PreTrainedModel

from alpharl_bench.checkpoints.key_names import plain_name
from alpharl_bench.errors import AlphaRLBenchError

# Files hold a matrix per expert; transformers stacks them, gate over up, when it loads a mixture.
_EXPERT = re.compile(r"(?P<stack>.+\.experts)\.(?P<index>\d+)\.(?P<part>gate|up|down)_proj\.weight")
_STACKED = re.compile(r"(?P<stack>.+)\[(?P<index>\d+)\]")


class Parameters:
    """The parameters of a loaded model, each as a view that can be written to.

    Args:
        model: the model as loaded by transformers.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        # With duplicates: a tied output head has a name of its own in many files.
        named = {
            name: parameter.data
            for name, parameter in model.named_parameters(remove_duplicate=False)
        }
        # Multimodal models, and those saved without their head, are loaded under other names.
        spelt = {plain_name(name)[0]: data for name, data in named.items()}
        self._named: dict[str, torch.Tensor] = spelt | named
        self._model = type(model).__name__

    def __getitem__(self, name: str) -> torch.Tensor:
        """The parameter of a tensor of a checkpoint file, or the part of one.

        Raises:
            AlphaRLBenchError: the model has no such parameter.
        """
        for spelling in (name, plain_name(name)[0]):
            if spelling in self._named:
                return self._named[spelling]
        if (match := _STACKED.fullmatch(spelling)) and match["stack"] in self._named:
            return self._named[match["stack"]][int(match["index"])]
        if match := _EXPERT.fullmatch(spelling):
            kind = "down_proj" if match["part"] == "down" else "gate_up_proj"
            stack = self._named.get(f"{match['stack']}.{kind}")
            if stack is not None:
                expert = stack[int(match["index"])]
                half = expert.shape[0] // 2
                return {"gate": expert[:half], "up": expert[half:], "down": expert}[match["part"]]
        raise AlphaRLBenchError(
            f"{self._model} has no parameter for the stored tensor '{name}'; score the variant "
            "from a merged folder instead (`alpharl-bench extract --format merged`)"
        )
