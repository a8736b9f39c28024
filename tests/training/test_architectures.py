"""Every architecture trains, by RL and by a control, and is asked in its own format."""

from dataclasses import replace

import pytest

from alpharl_bench.bench import Bench, Options
from alpharl_bench.checkpoints import open_weights
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.runs.spec import run_specs
from alpharl_bench.scoring import Sampling
from alpharl_bench.training import data
from alpharl_bench.variants import BASE, FULL, rank

ARCHITECTURES = ("qwen3-facts", "qwen2-facts", "llama3-facts", "glm4-facts")
pytestmark = pytest.mark.first


@pytest.fixture(scope="module", autouse=True)
def few_problems():
    """Of 1000 a family SFT would tokenise all for its six steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "_PROMPTS", 32)
        yield


@pytest.fixture(scope="module")
def two_steps(short_registry):
    """The registry with every recipe cut to the two updates that DAPO makes of one rollout."""
    return replace(
        short_registry,
        algorithms={
            name: recipe.model_copy(
                update={
                    "checkpoints": 1,
                    "config": {**recipe.config, "max_steps": 2},
                    "regimes": {
                        regime: {**own, "max_steps": 2} for regime, own in recipe.regimes.items()
                    },
                }
            )
            for name, recipe in short_registry.algorithms.items()
        },
    )


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    return request.param


@pytest.mark.parametrize("algorithm", ["dapo", "sft"])
def test_a_run_trains_and_its_variants_are_scored(two_steps, model, algorithm):
    specs = {spec.name: spec for spec in run_specs("nano", two_steps)}
    spec = specs[f"{model}-{algorithm}"]
    assert spec.prompt == ("plain" if model == "qwen3-facts" else "chat")
    sampling = Sampling(spec.tasks, questions=12, samples=1, prompt=spec.prompt)
    bench = Bench(spec, Options(sampling=sampling))
    run = bench.opened.run
    assert run.steps == (2,)
    base, final = open_weights(run.base), open_weights(run.final.path)
    assert all((final.tensor(name) != base.tensor(name)).any() for name in base.names)
    scores = bench.scores({BASE: 1, FULL: 1, rank(1): 1})
    bench.close()
    # A base that is asked in its own format ends its answers, and some of them are right.
    assert scores["base"].accuracy > 0
    assert scores["base"].share("x") < 0.05
    # Layers × (queries, keys, values, output, gate, up, down); GLM-4 fuses gate and up.
    assert len(bench.updates.spectrum()) == 3 * (6 if model == "glm4-facts" else 7)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_base_is_small_and_of_its_own_class(short_registry, name):
    model = short_registry.model(name)
    folder = base_folder(model)
    assert (folder / "model.safetensors").stat().st_size < 700_000
    assert model.architecture in (folder / "config.json").read_text()
