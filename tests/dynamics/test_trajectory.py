"""Triplets of planted updates, their signs, and what a later checkpoint may not change."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.torch import save_file

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.dynamics import Trajectory, align, trajectories, trajectory
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.variants.materialise import UpdateSource

Q = "model.layers.0.self_attn.q_proj.weight"
UP = "model.layers.0.mlp.up_proj.weight"
SHAPES = {Q: (12, 10), UP: (20, 10)}
STEPS = (5, 10, 20)


def unit(vector: Sequence[float], size: int) -> np.ndarray:
    padded = np.zeros(size)
    padded[: len(vector)] = vector
    return padded / np.linalg.norm(padded)


def planted(step: int, shape: tuple[int, int]) -> np.ndarray:
    """σ₁ = step, u₁ turning from axis 0 to axis 1, v₁ always the same; a small second triplet."""
    left, right = unit([1, step / 20], shape[0]), unit([0.6, -0.8], shape[1])
    second = np.outer(unit([0, 0, 1], shape[0]), unit([0, 0, 1], shape[1]))
    return step * np.outer(left, right) + 0.5 * second


def write_run(folder: Path, updates: dict[int, dict[str, np.ndarray]]) -> Run:
    torch.manual_seed(0)
    base = {name: torch.randn(shape) for name, shape in SHAPES.items()}
    for step, update in {0: {}, **updates}.items():
        (folder / str(step)).mkdir(parents=True)
        moved = {k: t + torch.as_tensor(update.get(k, 0.0)).float() for k, t in base.items()}
        save_file(moved, folder / str(step) / "model.safetensors")
    checkpoints = tuple(Checkpoint(step, folder / str(step)) for step in updates)
    return Run("planted", folder / "0", checkpoints)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    updates = {step: {k: planted(step, shape) for k, shape in SHAPES.items()} for step in STEPS}
    return write_run(tmp_path, updates)


def same(one: Trajectory, other: Trajectory) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in fields(Trajectory)
    )


def test_planted_triplets(run: Run) -> None:
    found = {path.module: path for path in trajectories(UpdateSource(run))}
    assert sorted(found) == [UP, Q]
    for name, path in found.items():
        rows, columns = SHAPES[name]
        assert path.steps.tolist() == list(STEPS)
        assert (path.u.shape, path.v.shape) == ((3, rows), (3, columns))
        assert {part.dtype for part in (path.u, path.sigma, path.v, path.x)} == {np.dtype("f4")}
        np.testing.assert_allclose(path.sigma, STEPS, rtol=1e-5)
        np.testing.assert_allclose(path.norm, np.hypot(STEPS, 0.5), rtol=1e-5)
        # The largest entry of v₁, −0.8, is positive: so the signs of both are turned.
        for row, step in enumerate(STEPS):
            np.testing.assert_allclose(path.u[row], -unit([1, step / 20], rows), atol=1e-5)
            np.testing.assert_allclose(path.v[row], -unit([0.6, -0.8], columns), atol=1e-5)
            np.testing.assert_allclose(path.x[row], step * path.u[row], rtol=1e-5)
        # Between (1, 1/4) and (1, 1/2), and between that and (1, 1).
        lengths = np.sqrt([17 / 16, 5 / 4, 2])
        expected = [(1 + 1 / 8) / lengths[0] / lengths[1], 1.5 / lengths[1] / lengths[2]]
        np.testing.assert_allclose(path.alignment, expected, rtol=1e-5)
        assert path.unmoved == ()


def test_one_module_and_some_steps_alone(run: Run) -> None:
    source = UpdateSource(run)
    whole = {path.module: path for path in trajectories(source)}
    assert same(trajectory(source, UP), whole[UP])
    early = list(trajectories(source, STEPS[:2]))
    assert [path.steps.tolist() for path in early] == [list(STEPS[:2])] * 2
    assert all(same(path, whole[path.module].prefix(2)) for path in early)


def test_later_checkpoints_are_not_opened(run: Run) -> None:
    (run.base.parent / "20" / "model.safetensors").unlink()
    assert len(list(trajectories(UpdateSource(run), STEPS[:2]))) == 2
    with pytest.raises(AlphaRLBenchError, match="no weights here"):
        list(trajectories(UpdateSource(run)))
    with pytest.raises(AlphaRLBenchError, match="no checkpoint at step 7"):
        list(trajectories(UpdateSource(run), (5, 7)))


def test_an_update_of_zero_has_no_direction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    moved = {k: planted(5, shape) for k, shape in SHAPES.items()}
    turned = {k: -update for k, update in moved.items()}
    run = write_run(tmp_path / "run", {1: {}, 2: turned, 3: {}, 4: moved, 5: {}})
    for path in trajectories(UpdateSource(run)):
        assert path.unmoved == (1, 3, 5)
        assert not path.u[[0, 2, 4]].any()
        assert not path.v[[0, 2, 4]].any()
        assert path.sigma.tolist() == pytest.approx([0, 5, 0, 5, 0])
        # Step 2 is aligned with step 4, over the one between that has no direction.
        np.testing.assert_allclose(path.alignment, [0, 1, 0, 0], atol=1e-6)
        np.testing.assert_allclose(path.u[1], path.u[3], atol=1e-5)
        np.testing.assert_allclose(path.v[1], -path.v[3], atol=1e-5)


def raw(rows: int, seed: int) -> tuple[np.ndarray, ...]:
    """Triplets of random signs: a walk on the sphere, and one checkpoint of zero."""
    rng = np.random.default_rng(seed)
    u = np.cumsum(rng.standard_normal((rows, 6)), axis=0)
    v = rng.standard_normal((rows, 4))
    u, v = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (u, v))
    signs = rng.choice([-1, 1], (rows, 1))
    sigma = rng.uniform(0.5, 2, rows)
    sigma[rows // 2] = 0
    return (u * signs).astype("f4"), sigma.astype("f4"), (v * signs).astype("f4"), sigma + 1.0


@given(st.integers(3, 9), st.integers(0, 1000), st.data())
def test_signs_are_aligned_whatever_they_were(rows: int, seed: int, data: st.DataObject) -> None:
    steps = np.arange(rows)
    u, sigma, v, norm = raw(rows, seed)
    path = align("up", steps, u, sigma, v, norm)
    moved = path.u[path.sigma > 0].astype(float)
    cosines = (moved[:-1] * moved[1:]).sum(axis=1)
    assert (cosines >= 0).all()
    # u and v keep their common sign: σuvᵀ is what it was.
    np.testing.assert_array_equal(
        path.sigma[:, None, None] * path.u[:, :, None] * path.v[:, None],
        sigma[:, None, None] * u[:, :, None] * v[:, None],
    )
    flips = data.draw(arrays("f4", (rows, 1), elements=st.sampled_from([-1.0, 1.0])))
    assert same(align("up", steps, u * flips, sigma, v * flips, norm), path)


@given(st.integers(3, 9), st.integers(0, 1000))
def test_a_prefix_knows_nothing_of_what_follows(rows: int, seed: int) -> None:
    u, sigma, v, norm = raw(rows, seed)
    path = align("up", np.arange(rows), u, sigma, v, norm)
    for k in range(1, rows + 1):
        alone = align("up", np.arange(k), u[:k], sigma[:k], v[:k], norm[:k])
        assert same(path.prefix(k), alone)
