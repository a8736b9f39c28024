"""Measures of linearity on paths that are linear, turn, stand still or wander, by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.torch import save_file
from scipy import stats

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.dynamics.linearity import (
    WeightLinearity,
    linearities,
    module_linearity,
    projection,
    rotation,
    selected,
    smoothness,
    weight_r_squared,
)
from alpharl_bench.dynamics.nulls import walk, walk_gram
from alpharl_bench.variants.materialise import UpdateSource

STEPS = np.array([10, 20, 30, 50, 60])


def test_every_column_against_scipy() -> None:
    values = np.random.default_rng(0).standard_normal((5, 40)).cumsum(axis=0)
    expected = [stats.linregress(STEPS, column).rvalue ** 2 for column in values.T]
    np.testing.assert_allclose(weight_r_squared(values, STEPS), expected, rtol=1e-10)


def test_a_column_that_stands_still_has_none() -> None:
    values = np.column_stack([np.full(5, 0.1), 3 - 0.5 * STEPS])
    np.testing.assert_array_equal(np.isnan(weight_r_squared(values, STEPS)), [True, False])
    assert weight_r_squared(values, STEPS)[1] == pytest.approx(1)


def test_the_selection_of_the_authors() -> None:
    columns = [
        [0, 1, 2, 3, 3],  # four values
        [0, 1, 2, 2, 1],  # three
        [0, 1e-5, 2e-5, 3e-5, 9e-5],  # too small a change
        [0, 3e-5, 6e-5, 9e-5, 1.1e-4],
        [5, 5, 5, 5, 5],
    ]
    assert selected(np.array(columns).T).tolist() == [True, False, False, True, False]


def test_the_projection_is_that_of_the_stacked_updates() -> None:
    # RELEX by its own words: SVD of the T × d history, coefficients on v₁, least squares on step.
    history = np.random.default_rng(1).standard_normal((5, 60)).cumsum(axis=0) + 0.3
    _, sigma, right_t = np.linalg.svd(history, full_matrices=False)
    line = stats.linregress(STEPS, history @ right_t[0])
    found = projection(history @ history.T, STEPS)
    assert found.r_squared == pytest.approx(line.rvalue**2, rel=1e-9)
    assert found.share == pytest.approx(sigma[0] ** 2 / (sigma**2).sum(), rel=1e-9)


def test_a_path_that_does_not_leave_the_base_has_no_projection() -> None:
    found = projection(np.zeros((5, 5)), STEPS)
    assert np.isnan([found.r_squared, found.share]).all()


def test_a_long_walk_looks_linear() -> None:
    # In many dimensions its leading mode from 0 is sin(πt/2): the squared correlation with t is
    # (4/π² − 1/π)² / ((1/2 − 4/π²)/12), and the share 8/π².
    found = projection(walk_gram(np.ones(2000)), np.arange(2000))
    pi = np.pi
    expected = (4 / pi**2 - 1 / pi) ** 2 * 12 / (1 / 2 - 4 / pi**2)
    assert found.r_squared == pytest.approx(expected, abs=1e-3)
    assert found.share == pytest.approx(8 / pi**2, abs=1e-3)
    # Centred it is cos(πt): 96/π⁴ and 6/π².
    places = walk(np.ones(100), 20_000, np.random.default_rng(0))
    centred = smoothness(places, np.arange(100))
    assert centred.r_squared == pytest.approx(96 / pi**4, abs=0.005)
    assert centred.share == pytest.approx(6 / pi**2, abs=0.01)


def test_a_line_is_smooth_and_a_zigzag_is_not() -> None:
    direction = np.array([3.0, -4.0, 0.0])
    line = smoothness(5 + np.outer(STEPS, direction), STEPS)
    assert (line.r_squared, line.share) == pytest.approx((1, 1))
    back_and_forth = smoothness(np.outer([1, -1, 1, -1, 1], direction), STEPS)
    assert back_and_forth.share == pytest.approx(1)
    expected = np.corrcoef(STEPS, [1, -1, 1, -1, 1])[0, 1] ** 2
    assert back_and_forth.r_squared == pytest.approx(expected)


def test_rotation_by_hand() -> None:
    angles = np.radians([0, 30, 30, 210, 300.001, 300.0])
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    np.testing.assert_allclose(rotation(circle), [30, 0, 180, 90.001, 0.001], atol=1e-6)
    circle[2] = 0
    assert np.isnan(rotation(circle)).tolist() == [False, True, True, False, False]


def module_of(values: np.ndarray, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    return [torch.tensor(row).to(dtype) for row in values]


def test_a_module_that_grows_in_a_line() -> None:
    rng = np.random.default_rng(0)
    base, slope = rng.standard_normal((2, 6, 4))
    slope[0, :3] = 0
    before, *after = module_of(np.stack([base, *(base + step * slope for step in STEPS)]))
    found = module_linearity("up", before, after, STEPS)
    assert found.relex.r_squared == pytest.approx(1, abs=1e-6)
    assert found.relex.share == pytest.approx(1, abs=1e-6)
    assert (found.weights.moved, found.weights.unmoved) == (21, 3)
    assert (found.weights.linear, found.weights.median) == (1, 0.9995)
    assert found.selected.moved == 21
    assert found.weights_walk.linear < 0.9
    assert found.relex_walk.r_squared < found.relex.r_squared


def test_the_gram_matrix_does_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).standard_normal((6, 7, 5)).cumsum(axis=0)
    before, *after = module_of(values)
    whole = module_linearity("up", before, after, STEPS).relex
    monkeypatch.setattr("alpharl_bench.dynamics.linearity._BLOCK", 10)
    blocks = module_linearity("up", before, after, STEPS).relex
    assert blocks.r_squared == pytest.approx(whole.r_squared, rel=1e-12)
    deltas = (values[1:] - values[0]).reshape(5, -1)
    assert whole.r_squared == pytest.approx(
        projection(deltas @ deltas.T, STEPS).r_squared, rel=1e-5
    )


def test_differences_are_taken_in_float32() -> None:
    # In bfloat16 1.0078125 − 0.333984375 is 0.67578125; exact is 0.673828125.
    before = torch.tensor([[0.333984375, 0.0]], dtype=torch.bfloat16)
    after = [torch.tensor([[1.0078125 * k, 0.0]], dtype=torch.bfloat16) for k in range(1, 6)]
    found = module_linearity("up", before, after, STEPS)
    exact = np.array([one.float()[0, 0].item() - 0.333984375 for one in after])
    expected = projection(np.outer(exact, exact), STEPS).r_squared
    assert found.relex.r_squared == pytest.approx(expected, rel=1e-9)


def test_a_sample_tells_what_all_weights_tell() -> None:
    values = np.random.default_rng(0).standard_normal((6, 100, 100)).cumsum(axis=0)
    before, *after = module_of(values)
    whole = module_linearity("up", before, after, STEPS)
    sample = module_linearity("up", before, after, STEPS, share=0.3)
    assert sample.weights.moved == 3000
    # Three standard errors of a share of 3000.
    assert sample.weights.linear == pytest.approx(whole.weights.linear, abs=0.027)
    assert sample.relex == whole.relex
    # The path is a walk: so says its null.
    assert whole.weights_walk.linear == pytest.approx(whole.weights.linear, abs=0.02)
    assert whole.weights_walk.median == pytest.approx(whole.weights.median, abs=0.02)


# Between the edges of the bins, which rounding may put on either side.
@given(
    arrays(float, st.integers(1, 200), elements=st.integers(0, 9999).map(lambda k: (k + 0.5) / 1e4))
)
def test_the_histogram_has_the_median_and_the_share(values: np.ndarray) -> None:
    counts = np.histogram(values, bins=1000, range=(0, 1))[0]
    parts = [WeightLinearity(part, 2) for part in (counts // 2, counts - counts // 2)]
    found = parts[0] + parts[1]
    assert (found.moved, found.unmoved) == (len(values), 4)
    assert found.linear == pytest.approx((values > 0.7).mean())
    ordered = np.sort(values)
    assert found.mean == pytest.approx(values.mean(), abs=0.0006)
    middle = ordered[(len(values) - 1) // 2]
    assert found.median == pytest.approx(middle, abs=0.0006)


def test_nothing_moved() -> None:
    none = WeightLinearity(np.zeros(1000, dtype=int), 7)
    assert np.isnan([none.mean, none.median, none.linear]).all()


def test_every_module_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    names = {"model.layers.0.mlp.up_proj.weight": 1.0, "model.layers.1.mlp.up_proj.weight": -2.0}
    torch.manual_seed(0)
    base, slope = torch.randn(2, 8, 6)
    for step in (0, *STEPS):
        (tmp_path / str(step)).mkdir()
        tensors = {name: base + factor * step * slope for name, factor in names.items()}
        save_file(tensors, tmp_path / str(step) / "model.safetensors")
    checkpoints = tuple(Checkpoint(int(step), tmp_path / str(step)) for step in STEPS)
    source = UpdateSource(Run("line", tmp_path / "0", checkpoints))
    for steps, count in ((None, 5), (STEPS[:3].tolist(), 3)):
        found = list(linearities(source, steps))
        assert [one.module for one in found] == list(names)
        for one in found:
            assert one.relex.r_squared == pytest.approx(1, abs=1e-6)
            assert one.weights.moved == 48
            # Of a walk from 0 through all checkpoints: only of 5 is it what 5 give.
            lengths = np.diff([0, *STEPS[:count]])
            assert one.relex_walk.r_squared == pytest.approx(
                projection(walk_gram(lengths), STEPS[:count]).r_squared, abs=1e-6
            )
