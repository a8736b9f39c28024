"""The modules of transformers' causal language models, against the classes of their parameters."""

from math import prod
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from alpharl_bench.checkpoints import Checkpoint, Run, WeightFiles, size_of
from alpharl_bench.variants.extract import extract
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.spec import parse_part
from benchmarks.architectures import MODEL_TYPES, STEP, examined, saved_pair, tiny_model

pytestmark = pytest.mark.first
TABLE = Path(__file__).parents[2] / "docs" / "architectures.md"


def in_layers(model: PreTrainedModel) -> list[torch.Tensor]:
    """The matrices and stacks in the elements of the model's lists of modules, by their classes."""
    lists = [name for name, module in model.named_modules() if isinstance(module, nn.ModuleList)]
    found = {}
    for owner, module in model.named_modules():
        if not any(owner.startswith(f"{name}.") for name in lists):
            continue
        if isinstance(module, nn.Conv1d | nn.Embedding) or "Norm" in type(module).__name__:
            continue
        for name, parameter in module.named_parameters(recurse=False):
            vector = parameter.ndim < 2 or (
                parameter.ndim > 2 and parameter.numel() == max(parameter.shape)
            )
            # The position bias of DeepSeek-V4 is stored as `ape`.
            if not (vector or (name.endswith("bias") and name != "position_bias")):
                found[id(parameter)] = parameter
    return list(found.values())


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_every_matrix_of_the_layers_is_a_module_and_the_rest_is_named(
    model_type: str, tmp_path: Path
) -> None:
    model = tiny_model(model_type)
    saved_pair(model, tmp_path)
    found = examined(model_type, tmp_path)
    inside = sum(parameter.numel() for parameter in in_layers(model))
    whole = sum(parameter.numel() for parameter in model.parameters())
    # The layers' own, whatever they are called on disk; every entry moved by as much.
    assert found.coverage.modules == pytest.approx(inside / whole, rel=1e-4)
    assert found.coverage.modules + sum(found.coverage.left.values()) == pytest.approx(1)
    assert found.coverage.left.keys() == found.coverage.named.keys()
    assert found.coverage.apart == []
    assert found.row in TABLE.read_text(encoding="utf-8").splitlines()

    size = size_of(lambda: tiny_model(model_type))
    assert size.parameters == whole
    # The position bias of DeepSeek-V4 is called so in memory, and is no module there.
    assert sum(map(prod, size.matrices.values())) == inside or model_type == "deepseek_v4"

    source = UpdateSource(
        Run("run", tmp_path / "base", (Checkpoint(1, tmp_path / "trained"),)), "cpu"
    )
    extract(source, parse_part("100%", None, 1.0), tmp_path / "written", form="merged")
    base, trained, written = (
        WeightFiles(tmp_path / name) for name in ("base", "trained", "written")
    )
    stored = {name.partition("[")[0] for name in found.modules}
    for name in base.names:
        of = trained if name in stored else base
        distance = (written.tensor(name).float() - of.tensor(name).float()).abs().max()
        assert distance <= (STEP / 100 if name in stored else 0), name


def test_the_table_has_a_row_for_each() -> None:
    rows = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if "%" in line]
    assert len(rows) == len(MODEL_TYPES) >= 40
