"""The update of every kind of variant, against numpy's dense decomposition."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.errors import AlphaRLBenchError, AlphaRLBenchWarning
from alpharl_bench.variants import (
    BASE,
    FULL,
    Variant,
    percent,
    random_control,
    rank,
    subspace,
    window,
)
from alpharl_bench.variants.combined import applied
from alpharl_bench.variants.materialise import UpdateSource

Q = "model.layers.0.self_attn.q_proj.weight"
K = "model.layers.0.self_attn.k_proj.weight"
UP = "model.layers.0.mlp.up_proj.weight"
DOWN = "model.layers.0.mlp.down_proj.weight"
EMBEDDING = "model.embed_tokens.weight"
SHAPES = {Q: (20, 20), K: (20, 20), UP: (30, 20), DOWN: (20, 30), EMBEDDING: (9, 20)}
STEPS = (5, 10)


def folder_of(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    path.mkdir()
    save_file(tensors, path / "model.safetensors")
    return path


@pytest.fixture(scope="module")
def weights() -> dict[int, dict[str, torch.Tensor]]:
    """The weights at the base (step 0) and at each checkpoint."""
    torch.manual_seed(0)
    return {
        step: {name: torch.randn(shape) for name, shape in SHAPES.items()} for step in (0, *STEPS)
    }


@pytest.fixture(scope="module")
def source(
    weights: dict[int, dict[str, torch.Tensor]], tmp_path_factory: pytest.TempPathFactory
) -> UpdateSource:
    folder = tmp_path_factory.mktemp("run")
    checkpoints = tuple(
        Checkpoint(step, folder_of(folder / f"checkpoint-{step}", weights[step])) for step in STEPS
    )
    return UpdateSource(Run("mine", folder_of(folder / "base", weights[0]), checkpoints))


def delta(weights: dict, module: str, step: int = STEPS[-1]) -> np.ndarray:
    return (weights[step][module].double() - weights[0][module].double()).numpy()


def truth(matrix: np.ndarray, kept: slice, alpha: float = 1.0) -> np.ndarray:
    """The kept subspaces, with ``alpha`` times the Frobenius norm of all of them."""
    left, sigma, right = np.linalg.svd(matrix, full_matrices=False)
    part = (left[:, kept] * sigma[kept]) @ right[kept]
    return part * alpha * np.linalg.norm(matrix) / np.linalg.norm(part)


@pytest.mark.parametrize(
    ("variant", "kept"),
    [
        (rank(1), slice(0, 1)),
        (rank(4), slice(0, 4)),
        (rank(1000), slice(0, 20)),
        (percent(1), slice(0, 1)),
        (percent(10), slice(0, 2)),  # the shorter side is 20 in every module
        (percent(90), slice(0, 18)),
        (subspace(1), slice(0, 1)),
        (subspace(9), slice(8, 9)),
        (rank(1, alpha=0.25), slice(0, 1)),
        (rank(1, alpha=1.5), slice(0, 1)),
        (rank(1, step=5), slice(0, 1)),
        (rank(1, step=10), slice(0, 1)),
    ],
    ids=lambda value: value.label if isinstance(value, Variant) else "",
)
def test_subspaces_are_kept_and_the_norm_is_matched(
    source: UpdateSource, weights: dict, variant: Variant, kept: slice
) -> None:
    updates = dict(source.update(variant))
    assert set(updates) == {Q, K, UP, DOWN}  # no embedding
    for module, update in updates.items():
        expected = truth(delta(weights, module, variant.step or STEPS[-1]), kept, variant.alpha)
        np.testing.assert_allclose(update.dense().numpy(), expected, atol=1e-4)


def test_a_window_is_rank_1_of_its_modules_and_the_base_elsewhere(
    source: UpdateSource, weights: dict
) -> None:
    variant = replace(window(2), modules=(UP, K))
    model = applied(source.change(variant), source.base)
    for module, before in weights[0].items():
        after = model.tensor(module)
        if module in variant.modules:
            expected = before.numpy() + truth(delta(weights, module), slice(0, 1))
            np.testing.assert_allclose(after.numpy(), expected, atol=1e-4)
        else:
            assert torch.equal(after, before)


def test_a_window_whose_modules_nobody_knows(source: UpdateSource) -> None:
    with pytest.raises(AlphaRLBenchError, match=r"'window-2': its modules are not known here"):
        source.change(window(2))


def test_a_whole_checkpoint_alone_is_compared_with_the_base(weights: dict, tmp_path: Path) -> None:
    base = folder_of(tmp_path / "base", weights[0])
    longer = torch.cat([weights[5][EMBEDDING], torch.zeros(3, 20)])
    padded = folder_of(tmp_path / "padded", weights[5] | {EMBEDDING: longer})
    source = UpdateSource(Run("mine", base, (Checkpoint(5, padded),)))
    with pytest.warns(AlphaRLBenchWarning, match="has 12 tokens, the base has 9"):
        source.change(FULL)
    fewer = {name: value for name, value in weights[5].items() if name != UP}
    other = folder_of(tmp_path / "fewer", fewer)
    with pytest.raises(AlphaRLBenchError, match=f"there is no tensor '{UP}'"):
        UpdateSource(Run("mine", base, (Checkpoint(5, other),))).change(FULL)


def test_all_subspaces_are_the_whole_update(source: UpdateSource, weights: dict) -> None:
    for module, update in source.update(percent(100)).items():
        np.testing.assert_allclose(update.dense().numpy(), delta(weights, module), atol=1e-4)


def test_a_random_control_has_rank_1_and_the_norm_of_the_update(
    source: UpdateSource, weights: dict
) -> None:
    for module, update in source.update(random_control(0)).items():
        matrix = delta(weights, module)
        sigma = np.linalg.svd(update.dense().double().numpy(), compute_uv=False)
        np.testing.assert_allclose(sigma[0], np.linalg.norm(matrix), rtol=1e-5)
        assert sigma[1] < 1e-5 * sigma[0]
        # Its direction is not the update's: cosines of random directions in 400 dimensions.
        cosine = (update.dense().numpy() * matrix).sum() / np.linalg.norm(matrix) / sigma[0]
        assert abs(cosine) < 0.25


def test_draws_of_the_control_differ_between_each_other_and_between_modules(
    source: UpdateSource,
) -> None:
    first, again, second = (
        {module: update.dense() for module, update in source.update(random_control(draw)).items()}
        for draw in (0, 0, 1)
    )
    for module in first:
        assert torch.equal(first[module], again[module])
        assert not torch.allclose(first[module], second[module])
    assert not torch.allclose(first[Q] / first[Q].norm(), first[K] / first[K].norm())


@pytest.mark.parametrize("variant", [BASE, FULL])
def test_base_and_full_are_no_low_rank_updates(source: UpdateSource, variant: Variant) -> None:
    with pytest.raises(ValueError, match=variant.label):
        list(source.update(variant))


def test_a_step_without_a_checkpoint(source: UpdateSource) -> None:
    with pytest.raises(AlphaRLBenchError, match=r"'mine' has no checkpoint at step 7"):
        list(source.update(rank(1, step=7)))


def test_a_module_that_did_not_move_stays_where_it_is(weights: dict, tmp_path: Path) -> None:
    still = {**weights[10], UP: weights[0][UP]}
    checkpoint = Checkpoint(10, folder_of(tmp_path / "checkpoint-10", still))
    source = UpdateSource(Run("mine", folder_of(tmp_path / "base", weights[0]), (checkpoint,)))
    for variant in (rank(1), rank(4), subspace(2), percent(10), random_control(0)):
        updates = dict(source.update(variant))
        assert torch.equal(updates[UP].dense(), torch.zeros(SHAPES[UP]))
        assert updates[Q].norm > 0


def test_the_spectrum_is_that_of_the_final_update(source: UpdateSource, weights: dict) -> None:
    spectrum = {module.module: module for module in source.spectrum()}
    assert set(spectrum) == {Q, K, UP, DOWN}
    for module, found in spectrum.items():
        sigma = np.linalg.svd(delta(weights, module), compute_uv=False)
        assert found.norm == pytest.approx(np.linalg.norm(sigma), rel=1e-5)
        assert found.rank1_fraction == pytest.approx(sigma[0] / np.linalg.norm(sigma), rel=1e-5)
