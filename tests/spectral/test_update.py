"""ΔW: which modules have one, and its values."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.spectral import update_matrices, update_matrix, update_modules

Q = "model.layers.0.self_attn.q_proj.weight"
DOWN = "model.layers.0.mlp.down_proj.weight"


def saved(folder: Path, tensors: dict[str, torch.Tensor]) -> WeightFiles:
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors")
    return WeightFiles(folder)


def pair(tmp_path: Path, before: dict, after: dict) -> tuple[WeightFiles, WeightFiles]:
    return saved(tmp_path / "base", before), saved(tmp_path / "trained", after)


def test_the_modules_of_a_real_model_are_its_attention_and_mlp_matrices(tmp_path: Path) -> None:
    config = Qwen3Config(
        vocab_size=20,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        attention_bias=True,
        tie_word_embeddings=False,
    )
    Qwen3ForCausalLM(config).save_pretrained(tmp_path)
    # Not the embeddings, the lm_head, the norms (q_norm and k_norm among them) or the biases.
    projections = (
        *(f"self_attn.{p}_proj" for p in "qkvo"),
        *(f"mlp.{p}_proj" for p in ("up", "gate", "down")),
    )
    assert update_modules(WeightFiles(tmp_path)) == sorted(
        f"model.layers.{layer}.{p}.weight" for layer in (0, 1) for p in projections
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_values(tmp_path: Path, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    before, after = torch.randn(5, 3).to(dtype), torch.randn(5, 3).to(dtype)
    base, trained = pair(tmp_path, {Q: before}, {Q: after})
    truth = after.float().numpy().astype(np.float32) - before.float().numpy().astype(np.float32)
    delta = update_matrix(base, trained, Q)
    assert delta.dtype == torch.float32
    np.testing.assert_array_equal(delta.numpy(), truth)


def test_a_small_update_of_bfloat16_weights_is_not_rounded_away(tmp_path: Path) -> None:
    # 3/1024 and 1 are bfloat16 numbers; 1 - 3/1024 = 1021/1024 needs ten bits, bfloat16 has eight.
    base, trained = pair(
        tmp_path,
        {Q: torch.tensor([[3 / 1024]], dtype=torch.bfloat16)},
        {Q: torch.tensor([[1.0]], dtype=torch.bfloat16)},
    )
    assert update_matrix(base, trained, Q).item() == 1021 / 1024


def test_all_modules_and_nothing_else(tmp_path: Path) -> None:
    before = {Q: torch.zeros(2, 2), DOWN: torch.ones(2, 3), "lm_head.weight": torch.ones(4, 2)}
    after = {Q: torch.eye(2), DOWN: torch.ones(2, 3), "lm_head.weight": torch.zeros(4, 2)}
    found = dict(update_matrices(*pair(tmp_path, before, after)))
    assert set(found) == {Q, DOWN}
    assert torch.equal(found[Q], torch.eye(2))
    assert torch.equal(found[DOWN], torch.zeros(2, 3))


def test_another_shape(tmp_path: Path) -> None:
    # (1, 3) would broadcast against (2, 3) without a word.
    base, trained = pair(tmp_path, {Q: torch.ones(2, 3)}, {Q: torch.ones(1, 3)})
    with pytest.raises(AlphaRLBenchError) as caught:
        list(update_matrices(base, trained))
    for part in (str(trained.folder), str(base.folder), f"'{Q}'", "(1, 3)", "(2, 3)"):
        assert part in str(caught.value)


def test_a_missing_module(tmp_path: Path) -> None:
    base, trained = pair(
        tmp_path, {Q: torch.ones(2, 3), DOWN: torch.ones(3, 2)}, {DOWN: torch.ones(3, 2)}
    )
    with pytest.raises(AlphaRLBenchError) as caught:
        list(update_matrices(base, trained))
    assert str(trained.folder) in str(caught.value)
    assert f"'{Q}'" in str(caught.value)


def test_a_model_without_attention_and_mlp(tmp_path: Path) -> None:
    base, trained = pair(
        tmp_path, {"conv.weight": torch.ones(2, 2)}, {"conv.weight": torch.ones(2, 2)}
    )
    with pytest.raises(AlphaRLBenchError, match="no attention or MLP") as caught:
        list(update_matrices(base, trained))
    assert str(base.folder) in str(caught.value)
