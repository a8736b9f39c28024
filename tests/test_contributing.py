"""The worked example of CONTRIBUTING.md: one file is a base, an algorithm or a public run."""

import re
import shutil
from pathlib import Path

import pytest

from alpharl_bench import registry
from alpharl_bench.registry import Registry, load_registry
from alpharl_bench.runs.trained import TrainedRun
from alpharl_bench.variants.materialise import UpdateSource

GUIDE = Path(__file__).parents[1] / "CONTRIBUTING.md"
BLOCK = re.compile(r"```toml\n# (\S+\.toml)\n(.*?)```", re.DOTALL)


@pytest.fixture
def extended(tmp_path: Path) -> Registry:
    """The registry with the files of the guide added."""
    shutil.copytree(Path(registry.__file__).parent, tmp_path / "registry")
    blocks = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    assert [name for name, _ in blocks] == [
        "algorithms/grpo-sgd.toml",
        "models/olmo2-carry.toml",
        "released/qwen3-4b-own.toml",
    ]
    for name, content in blocks:
        (tmp_path / "registry" / name).write_text(content, encoding="utf-8")
    return load_registry(tmp_path / "registry")


def test_two_files_are_a_base_an_algorithm_and_their_runs(extended):
    new = extended.runs.keys() - load_registry().runs.keys()
    assert new == {"olmo2-carry-dapo", "olmo2-carry-grpo-sgd"}


def test_a_file_is_a_public_run(extended):
    assert extended.released.keys() - load_registry().released.keys() == {"qwen3-4b-own"}
    assert extended.released["qwen3-4b-own"].supposed_steps == (25, 50, 75, 500)


def test_the_guides_run_trains(extended):
    model, algorithm = extended.model("olmo2-carry"), extended.algorithms["grpo-sgd"]
    pretraining = model.pretraining.model_copy(update={"steps": 2, "documents_per_step": 8})
    small = {**algorithm.config, "per_device_train_batch_size": 16, "num_generations": 4}
    regimes = {"quick": {**algorithm.regimes["quick"], "max_steps": 2}}
    short = Registry(
        {**extended.models, model.name: model.model_copy(update={"pretraining": pretraining})},
        {
            **extended.algorithms,
            algorithm.name: algorithm.model_copy(
                update={"checkpoints": 2, "config": small, "regimes": regimes}
            ),
        },
        extended.runs,
    )
    run = TrainedRun(short.run("olmo2-carry-grpo-sgd"), short).open().run
    assert run.steps == (1, 2)
    assert len(UpdateSource(run).spectrum()) == 3 * 7
