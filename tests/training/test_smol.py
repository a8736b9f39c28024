"""The public model of the smol lane: fetched, converted and trained, two steps of it."""

import math

import pytest
import torch

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.registry import Registry, load_registry
from alpharl_bench.training import data
from alpharl_bench.training.history import history
from alpharl_bench.training.zoo import base_folder, parameter_count, trained

pytestmark = pytest.mark.smol

RUN = "smollm2-dapo"


@pytest.fixture(scope="module")
def registry():
    """The registry with a run of two steps of sixteen responses."""
    known = load_registry()
    recipe = known.algorithms["dapo"]
    public = {**recipe.regimes["public"], "max_steps": 2, "per_device_train_batch_size": 16}
    short = recipe.model_copy(
        update={
            "checkpoints": 2,
            "config": {**recipe.config, "steps_per_generation": 1, "warmup_steps": 0},
            "regimes": {"public": public},
        }
    )
    return Registry(known.models, {"dapo": short}, known.runs)


def test_two_steps_move_every_matrix_a_little(registry, monkeypatch):
    monkeypatch.setattr(data, "_PROMPTS_PER_FAMILY", 16)
    model = registry.model("smollm2")
    opened = trained(registry.run(RUN), registry)
    base = WeightFiles(base_folder(model))
    assert sum(math.prod(base.shape(name)) for name in base.names) == parameter_count(model)
    assert [checkpoint.step for checkpoint in opened.run.checkpoints] == [1, 2]
    folder = opened.run.checkpoints[-1].location
    last = WeightFiles(folder)
    for name in base.names:
        if name.endswith("proj.weight"):
            before, after = base.tensor(name), last.tensor(name)
            assert after.dtype == torch.float32
            assert 0 < (after - before).norm() < 1e-2 * before.norm(), name
    assert all(0 <= row["accuracy"] <= 1 for row in history(folder.parent))
