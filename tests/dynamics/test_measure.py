"""What is kept of a module's dynamics, against the functions that it is made of."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from alpharl_bench.checkpoints import Run
from alpharl_bench.dynamics import (
    NULLS,
    ModuleDynamics,
    dynamics,
    linearities,
    null_generator,
    r_squared,
    rolling,
    rotation,
    trajectories,
)
from alpharl_bench.dynamics.measure import pictured
from alpharl_bench.dynamics.others import others
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.variants.materialise import UpdateSource
from tests.dynamics.test_trajectory import SHAPES, planted, write_run

STEPS = (1, 2, 3, 4, 6, 8, 10)
ACCURACIES = (0.2, 0.3, 0.5, 0.55, 0.6, 0.62, 0.7)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    updates = {step: {k: planted(step, shape) for k, shape in SHAPES.items()} for step in STEPS}
    return write_run(tmp_path, updates)


def test_every_figure_is_that_of_its_measure(run: Run) -> None:
    source = UpdateSource(run)
    found = {module.module: module for module in dynamics(source, ACCURACIES)}
    assert set(found) == set(SHAPES)
    y = np.array(ACCURACIES)
    for path in trajectories(source):
        one = found[path.module]
        assert one.r_squared == pytest.approx(float(r_squared(path.u, y)))
        assert one.alignment == pytest.approx(np.median(path.alignment))
        assert one.turned == pytest.approx(np.median(rotation(path.u)))
        ahead = rolling(path, y)
        # From step 4, the last of the first 40 %, to step 10.
        (pair,) = np.flatnonzero((ahead.origins == 4) & (ahead.targets == 10))
        for method, errors in ahead.methods.items():
            assert one.error[method] == errors.relative[pair] or method == "accuracies alone"
            for kept, true in (
                (one.cosine[method], errors.cosine[pair]),
                (one.norm_ratio[method], errors.norm_ratio[pair]),
                (one.accuracy_error[method], errors.accuracy[pair]),
            ):
                assert kept == true or (np.isnan(kept) and np.isnan(true))
        assert one.error["last checkpoint"] == pytest.approx(0.6, abs=0.05)  # σ₁ from 4 to 10
    assert {module.block for module in found.values()} == {"attention", "MLP"}


def test_what_others_call_linear_is_that_of_the_run(run: Run) -> None:
    source = UpdateSource(run)
    found = {module.module: module for module in dynamics(source, ACCURACIES)}
    paths = {path.module: path for path in trajectories(source)}
    for linear in linearities(source):
        one, path = found[linear.module], paths[linear.module]
        assert one.others == others(path, linear)
        assert one.others["RELEX"] == linear.relex.r_squared
        assert one.others["turn of u₁"] == one.turned
    assert all(module.pictures for module in found.values())  # one MLP, one attention


def test_modules_of_most_and_least_r_squared_are_pictured(run: Run) -> None:
    first = dynamics(UpdateSource(run), ACCURACIES)[0]
    made = [
        replace(first, module=f"{block} {value}", block=block, r_squared=value)
        for block in ("attention", "other", "MLP")
        for value in (0.4, float("nan"), 0.9, 0.2)
    ]
    assert pictured(made) == ["MLP 0.9", "MLP 0.2", "attention 0.9", "attention 0.2"]
    assert pictured(made[:1]) == ["attention 0.4"]


def test_nulls_have_the_same_figure_of_every_module(run: Run) -> None:
    first, again = (dynamics(UpdateSource(run), ACCURACIES) for _ in range(2))
    assert repr(first) == repr(again)  # NaN is not equal to itself
    for module in first:
        assert list(module.null_r_squared) == list(NULLS)
        for draws in module.null_r_squared.values():
            assert len(draws) == 99
            assert all(0 <= value <= 1 for value in draws)
    # Modules do not share their draws.
    assert first[0].null_r_squared["noise"] != first[1].null_r_squared["noise"]


def test_a_permutation_of_the_accuracies_is_one_of_the_run(run: Run) -> None:
    source = UpdateSource(run)
    found = {module.module: module for module in dynamics(source, ACCURACIES)}
    y, rng = np.array(ACCURACIES), null_generator("")
    draws = len(next(iter(found.values())).null_r_squared["permuted accuracies"])
    orders = np.stack([rng.permutation(y) for _ in range(draws)], axis=1)
    for path in trajectories(source):
        np.testing.assert_allclose(
            found[path.module].null_r_squared["permuted accuracies"],
            r_squared(path.u, orders),
            atol=1e-4,
        )


def test_columns_are_products_whose_means_give_groups_and_slopes(run: Run) -> None:
    for module in dynamics(UpdateSource(run), ACCURACIES):
        columns = module.columns
        assert columns["MLP"] + columns["attention"] == 1
        assert columns[f"{module.block} · R²"] == columns["R²"] == module.r_squared
        draws = np.array(module.null_r_squared["random walk"])
        np.testing.assert_array_equal(columns["random walk: R²"], draws)
        np.testing.assert_array_equal(columns["random walk: close to 1"], draws > 0.96)
        assert module.null_mean("random walk") == pytest.approx(draws.mean())
        assert columns["close to 1"] == (module.r_squared > 0.96)
        assert columns["error of last checkpoint"] == module.error["last checkpoint"]
        assert columns["straight path: R²"] == module.straight_r_squared
        error = module.accuracy_error["PLS at the step"]
        assert columns["accuracy error of PLS at the step"] == error


def test_what_is_kept_comes_back_with_its_gaps(run: Run) -> None:
    # Without spread in the accuracies there is no R² and no inverse.
    flat = dynamics(UpdateSource(run), [0.5] * len(STEPS))
    assert all(np.isnan(module.r_squared) for module in flat)
    kept = TypeAdapter(list[ModuleDynamics])
    assert kept.dump_json(kept.validate_json(kept.dump_json(flat))) == kept.dump_json(flat)


def test_too_few_checkpoints_at_the_beginning(tmp_path: Path, run: Run) -> None:
    late = Run("late", run.base, run.checkpoints[3:])
    with pytest.raises(AlphaRLBenchError, match="'late': 4 checkpoints, 1 of them in the first"):
        dynamics(UpdateSource(late), ACCURACIES[3:])
