"""A loaded model's parameters under the names that checkpoint files give them."""

import re

import torch
from transformers import PreTrainedModel

from alpharl_bench.checkpoints.key_names import plain_name
from alpharl_bench.errors import AlphaRLBenchError

# Files hold a matrix per expert; transformers stacks them, gate over up, when it loads a mixture.
# Mixtral's names are w1, w3 and w2, in a block of another name.
_EXPERT = re.compile(
    r"(?P<stack>.+\.experts)\.(?P<index>\d+)"
    r"\.(?:(?P<gate>gate_proj|w1)|(?P<up>up_proj|w3)|(?P<down>down_proj|w2))\.weight"
)
_RENAMED = (".block_sparse_moe.", ".mlp.")
_STACKED = re.compile(r"(?P<stack>.+)\[(?P<index>\d+)\]")


class Parameters:
    """The parameters of a loaded model, each as a view that can be written to.

    Args:
        model: the model as loaded by transformers.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        # Views, also of buffers that files store. A tied output head has a name of its own in many.
        named: dict[str, torch.Tensor] = dict(model.state_dict())
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
        if _RENAMED[0] in name:
            return self[name.replace(*_RENAMED)]
        if (match := _STACKED.fullmatch(spelling)) and match["stack"] in self._named:
            return self._named[match["stack"]][int(match["index"])]
        if match := _EXPERT.fullmatch(spelling):
            kind = "down_proj" if match["down"] else "gate_up_proj"
            stack = self._named.get(f"{match['stack']}.{kind}")
            if stack is not None:
                expert = stack[int(match["index"])]
                half = expert.shape[0] // 2
                if match["down"]:
                    return expert
                return expert[:half] if match["gate"] else expert[half:]
        raise AlphaRLBenchError(
            f"{self._model} has no parameter for the stored tensor '{name}'; score the variant "
            "from a merged folder instead (`alpharl-bench extract --format merged`)"
        )
