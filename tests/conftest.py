"""What several tests share: a cache of their own, a short real run, synthetic evidence."""

import gc
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from alpharl_bench import registry
from alpharl_bench.claims import Evidence
from alpharl_bench.dynamics import NULLS, ModuleDynamics
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.registry import Algorithm, Expectation, Kind, Model, Registry, load_registry
from alpharl_bench.runs.spec import RunSpec, run_specs
from alpharl_bench.scoring import Score
from alpharl_bench.spectral import PROFILE, ModuleSpectrum
from tests.behaviours import EMBEDDING, behaviour_of, policy_of
from tests.evidence import planted
from tests.scores import score_of

STEPS = (2, 4, 6)
METHODS = ("last checkpoint", "PLS at the accuracy", "PLS at the step")
OTHERS = (
    "RELEX",
    "RELEX, share",
    "weights, mean",
    "weights, median",
    "weights, above 0.7",
    "turn of u₁",
    "turn of v₁",
    "turn of u₁, first to last",
    "turn of v₁, first to last",
    "smoothness",
    "selected weights, above 0.7",
)
#: The second checkpoint did not move.
CURVE = ((0.0, 1.0), (float("nan"), float("nan")), (3.0, 5.0))
TINY = """
lane = "nano"
architecture = "Qwen3ForCausalLM"
seed = 0

[config]
hidden_size = 32
intermediate_size = 48
num_hidden_layers = 2
num_attention_heads = 2
num_key_value_heads = 1
head_dim = 16
max_position_embeddings = 256
tie_word_embeddings = true

[pretraining]
steps = 4
documents_per_step = 16
learning_rate = 3e-3
weight_decay = 0.1
corpus = "styles"

[pretraining.options]
worked_share = 0.3
right_share = 0.25
"""

#: What the registry is taken to know of its runs of RL.
EXPECTED = {
    "2510.00553:P1.1": Expectation(verdict="refuted", reason="Rank-1 keeps 0.9 of the accuracy")
}

# The same examples every time, and however long one takes: the machine may be busy.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None)
hypothesis.settings.load_profile("suite")

#: A warning is an error, but for these. Not in pyproject.toml, as the suites of a user are no worse
#: for a library's deprecation.
WARNINGS = (
    "error",
    # Comes when garbage is collected, in whichever test that is.
    "ignore::ResourceWarning",
    # TRL passes transformers the older name, and reads it from the model.
    "ignore:`(is_)?gradient_checkpointing.*` is deprecated:FutureWarning",
    # PEFT warns of adapters that tests make to be noted, or refused.
    r"ignore::Warning:peft\..*",
    # Base and checkpoint of many tests are drawn apart; test_aligned.py expects the warning.
    "ignore:.*its weights have nothing in common",
)


def pytest_configure(config: pytest.Config) -> None:
    for line in WARNINGS:
        config.addinivalue_line("filterwarnings", line)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


def pytest_collection_finish() -> None:
    """Leave what is imported out of every later collection of garbage.

    Each training asks for one, and the libraries' half a million objects take 0.4 s of it.
    """
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache for this session, unless the environment names one to keep."""
    with pytest.MonkeyPatch.context() as patch:
        if "ALPHARL_BENCH_CACHE" not in os.environ:
            patch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Path(os.environ["ALPHARL_BENCH_CACHE"])


@pytest.fixture(scope="session")
def engine_server() -> None:
    """Starts vLLM's engines within seconds."""
    from tests.scoring.engine_server import share_imports  # noqa: PLC0415  (vLLM is not everywhere)

    share_imports()


@pytest.fixture(scope="session")
def short_registry() -> Registry:
    """The package's registry with every recipe cut to six small steps and three checkpoints.

    A base that does not ship is pretrained for four small steps.
    """
    return shortened(load_registry())


@pytest.fixture(scope="session")
def tiny_registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Every algorithm of the package, cut as short, on a base that trains in a few seconds.

    Its name is ``tiny``, and it does not ship.
    """
    folder = tmp_path_factory.mktemp("registry")
    shutil.copytree(Path(registry.__file__).parent / "algorithms", folder / "algorithms")
    (folder / "models").mkdir()
    (folder / "models" / "tiny.toml").write_text(TINY)
    return shortened(load_registry(folder))


def shortened(known: Registry) -> Registry:
    """The same runs with few, small steps."""
    return Registry(
        {name: _short_model(model) for name, model in known.models.items()},
        {name: _short_algorithm(algorithm) for name, algorithm in known.algorithms.items()},
        known.runs,
    )


def _short_model(model: Model) -> Model:
    if model.pretraining is None:
        return model
    recipe = model.pretraining.model_copy(update={"steps": 4, "documents_per_step": 16})
    return model.model_copy(update={"pretraining": recipe})


def _short_algorithm(algorithm: Algorithm) -> Algorithm:
    config = {**algorithm.config, "per_device_train_batch_size": 16}
    # Not every trainer samples.
    if "num_generations" in config:
        config["num_generations"] = 4
    # A checkpoint lies between two rollouts.
    if "steps_per_generation" in config:
        config["steps_per_generation"] = STEPS[0]
    return algorithm.model_copy(
        update={
            "checkpoints": len(STEPS),
            "config": {**config, "max_steps": STEPS[-1]},
            "regimes": {
                name: {**own, "max_steps": STEPS[-1]} for name, own in algorithm.regimes.items()
            },
        }
    )


class SyntheticRun:
    """Evidence with chosen accuracies, for tests of what is made from it.

    Every variant answers the same share of ten questions of each of two tasks, four samples each.
    """

    def __init__(self, name: str = "qwen3-facts-grpo") -> None:
        self.name = name
        self.kind: Kind = "RL"
        self.effective_rank = 30.0

    @property
    def spec(self) -> RunSpec:
        """What the registry knows of the run; of one that it does not know, an invented one.

        Of its own runs of RL a refutation of P1.1 is expected.
        """
        specs = {spec.name: spec for spec in run_specs("nano", load_registry())}
        known = specs.get(self.name, specs["qwen3-facts-grpo"])
        expect = EXPECTED if self.name in specs and known.kind == "RL" else {}
        return replace(
            known, name=self.name, selected_by=("-k", self.name), kind=self.kind, expect=expect
        )

    def evidence(self, accuracies: dict[str, float], default: float = 0.5) -> Evidence:
        labels = {
            variant.label for claim in CLAIMS.values() for variant in claim.variants(STEPS)
        } | accuracies.keys()
        return planted(
            run=self.name,
            steps=STEPS,
            scores={v: self._score(v, accuracies.get(v, default)) for v in sorted(labels)},
            kind=self.kind,
            spectrum=[
                ModuleSpectrum(
                    *(f"model.layers.{i}.mlp.up_proj.weight", 1 + i, 0.5, 0.6, 0.1, 0.2),
                    effective_rank=self.effective_rank + i,
                    noise_effective_rank=100,
                    profile=tuple(np.geomspace(1, 1 / self.effective_rank**2, len(PROFILE))),
                    noise_profile=tuple(np.linspace(1, 0.01, len(PROFILE))),
                )
                for i in range(4)
            ],
            behaviour=behaviour_of({"addition": 10, "chain": 10}),
            policy=policy_of({"addition": 10, "chain": 10}, STEPS),
            embedding=EMBEDDING,
            dynamics=[
                ModuleDynamics(
                    module=f"model.layers.{i // 2}.{block}.weight",
                    block=("attention", "MLP")[i % 2],
                    kind=("q", "up")[i % 2],
                    depth=(i // 2) / 2,
                    r_squared=0.95 - 0.01 * i,
                    null_r_squared={name: [0.5] * 99 for name in NULLS},
                    straight_r_squared=0.6,
                    alignment=0.9,
                    turned=5.0,
                    error={"last checkpoint": 0.5, "PLS at the accuracy": 0.3}
                    | {"PLS at the step": 0.4, "accuracies alone": float("nan")},
                    cosine=dict.fromkeys(METHODS, 0.8) | {"accuracies alone": float("nan")},
                    norm_ratio=dict.fromkeys(METHODS, 1.25) | {"accuracies alone": float("nan")},
                    accuracy_error={"last checkpoint": 0.2, "PLS at the accuracy": 0.1}
                    | {"PLS at the step": 0.3, "accuracies alone": 0.4},
                    others=dict.fromkeys(OTHERS, 0.75),
                    others_of_walk=dict.fromkeys(OTHERS[:-1], 0.5 + 0.2 * i),
                    pictures={"u₁": CURVE, "u₁: random walk": CURVE[::-1]} if i < 2 else {},
                )
                for i, block in enumerate(("self_attn.q_proj", "mlp.up_proj") * 2)
            ],
        )

    def _score(self, variant: str, accuracy: float) -> Score:
        marks = np.zeros(40, dtype=int)
        marks[: round(40 * accuracy)] = 1
        # Spread over the questions, alike for every variant: questions differ little.
        rows = marks.reshape(4, 10).T
        answers = {f"q{i}": "".join(map(str, row)) for i, row in enumerate(rows)}
        return score_of(variant, dict.fromkeys(("addition", "chain"), answers), run=self.name)


@pytest.fixture
def synthetic() -> SyntheticRun:
    return SyntheticRun()
