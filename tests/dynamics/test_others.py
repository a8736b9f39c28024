"""What others call linear, of modules that go straight, turn or stand still, by hand."""

import numpy as np
import pytest
import torch

from alpharl_bench.dynamics import Trajectory, align
from alpharl_bench.dynamics.linearity import ModuleLinearity, module_linearity
from alpharl_bench.dynamics.others import others, others_of_walk

STEPS = np.arange(1, 9)


def module_of(u: np.ndarray, sigma: np.ndarray) -> tuple[Trajectory, ModuleLinearity]:
    """A module that is its Rank-1 update alone, with a v₁ that never turns."""
    v = np.tile([0.6, 0.8], (len(u), 1))
    base = torch.zeros(u.shape[1], 2)
    after = [
        torch.tensor(np.outer(s * one, v[0]), dtype=torch.float32)
        for s, one in zip(sigma, u, strict=True)
    ]
    steps = STEPS[: len(u)]
    moved = (sigma > 0)[:, None]
    return align("up", steps, u * moved, sigma, v * moved, sigma), module_linearity(
        "up", base, after, steps
    )


def test_a_straight_module_is_linear_in_every_sense() -> None:
    found = others(*module_of(np.tile([0.0, 1.0, 0.0], (8, 1)), STEPS * 2.0))
    for name in ("RELEX", "RELEX, share", "weights, above 0.7", "selected weights, above 0.7"):
        assert found[name] == pytest.approx(1, abs=1e-6)
    # To half a thousandth: the histogram has a thousand bins.
    assert found["weights, mean"] == found["weights, median"] == pytest.approx(0.9995)
    for vector in ("u₁", "v₁"):
        assert found[f"turn of {vector}"] == found[f"turn of {vector}, first to last"] == 0
    assert np.isnan(found["smoothness"])  # u₁ does not move


def test_turns_are_between_neighbours_and_between_the_ends() -> None:
    angles = np.radians([0, 10, 20, 20, 50, 60, 70, 80])
    u = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(8)])
    found = others(*module_of(u, np.ones(8)))
    assert found["turn of u₁"] == pytest.approx(10, abs=1e-4)
    assert found["turn of u₁, first to last"] == pytest.approx(80, abs=1e-4)
    assert found["turn of v₁, first to last"] == 0
    # The leading axis of the centred angles, against the step.
    centred = u - u.mean(axis=0)
    first = np.linalg.svd(centred, full_matrices=False)[0][:, 0]
    assert found["smoothness"] == pytest.approx(np.corrcoef(first, STEPS)[0, 1] ** 2, rel=1e-5)


def test_a_walk_turns_as_far_as_its_steps_say() -> None:
    # Steps of one length in many dimensions are orthogonal: after t of them the walk is √t away,
    # and turns by arccos √(t/(t + 1)) to the next place, by arccos √(1/T) from the first.
    width = 4000
    x = np.random.default_rng(0).standard_normal((8, width)).cumsum(axis=0) / np.sqrt(width)
    sigma = np.linalg.norm(x, axis=1)
    path, linear = module_of(x / sigma[:, None], sigma)
    walked = others_of_walk(path, linear, 5, np.random.default_rng(1))
    t = np.arange(1, 8)
    expected = np.degrees(np.median(np.arccos(np.sqrt(t / (t + 1)))))
    assert walked["turn of u₁"] == pytest.approx(expected, abs=0.5)
    ends = np.degrees(np.arccos(np.sqrt(1 / 8)))
    assert walked["turn of u₁, first to last"] == pytest.approx(ends, abs=1)
    # The module is such a walk itself.
    own = others(path, linear)
    for name in ("RELEX", "RELEX, share", "turn of u₁", "turn of u₁, first to last"):
        assert own[name] == pytest.approx(walked[name], rel=0.03)
    assert set(own) - set(walked) == {"selected weights, above 0.7"}


def test_a_module_that_moves_too_late_has_no_turn() -> None:
    u = np.tile([0.0, 1.0, 0.0], (8, 1))
    for sigma in (np.zeros(8), np.array([0, 0, 0, 0, 0, 0, 1.0, 2.0])):
        path, linear = module_of(u, sigma)
        for found in (
            others(path, linear),
            others_of_walk(path, linear, 2, np.random.default_rng()),
        ):
            assert np.isnan([found["turn of u₁"], found["smoothness"]]).all()


def test_what_did_not_move_at_first_is_left_out() -> None:
    angles = np.radians([0, 0, 0, 10, 20, 30, 40, 50])
    u = np.column_stack([np.cos(angles), np.sin(angles)])
    found = others(*module_of(u, np.array([0, 0, 1, 1, 1, 1, 1, 1.0])))
    assert found["turn of u₁, first to last"] == pytest.approx(50, abs=1e-4)
    assert found["turn of u₁"] == pytest.approx(10, abs=1e-4)
