"""What several tests share: a cache of their own, a short real run, synthetic evidence."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alpharl_bench.claims import PROPERTY1, Evidence
from alpharl_bench.registry import Kind, Registry, load_registry
from alpharl_bench.scoring import Score
from alpharl_bench.spectral import PROFILE, ModuleSpectrum
from alpharl_bench.subject import Subject, lane_subjects
from tests.scores import score_of

STEPS = (2, 4, 6)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache for this session, unless the environment names one to keep."""
    with pytest.MonkeyPatch.context() as patch:
        if "ALPHARL_BENCH_CACHE" not in os.environ:
            patch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Path(os.environ["ALPHARL_BENCH_CACHE"])


@pytest.fixture(scope="session")
def short_registry() -> Registry:
    """The package's registry with every recipe cut to six small steps and three checkpoints."""
    registry = load_registry()
    short = {"max_steps": STEPS[-1], "per_device_train_batch_size": 16, "num_generations": 4}
    algorithms = {
        name: a.model_copy(update={"checkpoints": len(STEPS), "config": {**a.config, **short}})
        for name, a in registry.algorithms.items()
    }
    return Registry(registry.models, algorithms, registry.runs)


class SyntheticRun:
    """Evidence with chosen accuracies, for tests of what is made from it.

    Every variant answers the same share of ten questions of each of two tasks, four samples each.
    """

    def __init__(self, name: str = "qwen3-nano-grpo") -> None:
        self.name = name
        self.kind: Kind = "RL"
        self.effective_rank = 30.0

    @property
    def subject(self) -> Subject:
        """What the registry knows of the run; of one that it does not know, an invented one."""
        subjects = {subject.name: subject for subject in lane_subjects("nano", load_registry())}
        known = subjects.get(self.name, replace(subjects["qwen3-nano-grpo"], expect={}))
        return replace(known, name=self.name, selected_by=("-k", self.name), kind=self.kind)

    def evidence(self, accuracies: dict[str, float], default: float = 0.5) -> Evidence:
        labels = {
            variant.label for claim in PROPERTY1 for variant in claim.variants(STEPS)
        } | accuracies.keys()
        return Evidence(
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
