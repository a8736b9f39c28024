"""What of an update its modules hold, by hand; and a base that training had rounded first."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

from alpharl_bench.checkpoints import WeightFiles, compare, open_weights
from alpharl_bench.spectral import Coverage, coverage
from alpharl_bench.spectral import coverage as covered
from tests.models import model_of

UP, Q = "model.layers.0.mlp.up_proj.weight", "model.layers.1.self_attn.q_proj.weight"
STACK = "model.layers.0.mlp.experts.down_proj"
EMBED, NORM, TABLE = "model.embed_tokens.weight", "model.norm.weight", "model.layers.0.mlp.table"


def files(folder: Path, tensors: dict[str, torch.Tensor]) -> WeightFiles:
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors")
    return WeightFiles(folder)


def of(folder: Path, before: dict, after: dict) -> Coverage:
    base, trained = files(folder / "base", before), files(folder / "trained", after)
    return coverage(base, trained, compare(base, trained).require())


@pytest.fixture
def base() -> dict[str, torch.Tensor]:
    return {
        UP: torch.zeros(4, 3),
        Q: torch.zeros(2, 2),
        STACK: torch.zeros(3, 2, 2),
        EMBED: torch.zeros(5, 2),
        NORM: torch.zeros(2),
        TABLE: torch.zeros(2, 2, dtype=torch.int64),
    }


def test_shares_by_hand(tmp_path: Path, base: dict[str, torch.Tensor]) -> None:
    after = {name: tensor.clone() for name, tensor in base.items()}
    after[UP][0, 0] = 3  # 9
    after[STACK][1] = 1  # 4
    after[EMBED][2] = torch.tensor([1.0, 1.0])  # 2
    after[NORM][1] = -1  # 1
    found = of(tmp_path, base, after)
    assert found.modules == pytest.approx(13 / 16)
    assert found.left == pytest.approx({"token embeddings": 2 / 16, "norms": 1 / 16})
    assert list(found.left) == ["token embeddings", "norms"]
    assert found.named == {"token embeddings": [EMBED], "norms": [NORM]}
    assert found.still == {
        "model.layers.*.mlp.experts.down_proj[*]": (2, 3),
        "model.layers.*.self_attn.q_proj.weight": (1, 1),
    }
    assert (found.dtypes, found.floor, found.apart) == ([], 0, [])
    shares, still = found.lines()
    assert shares == (
        "the modules hold 81.2% of ‖ΔW‖²; at the base stay token embeddings 12.5% "
        f"({EMBED}); norms 6.2% ({NORM})"
    )
    assert still == (
        "ΔW = 0, where the rest moved: model.layers.*.mlp.experts.down_proj[*] (2 of 3), "
        "model.layers.*.self_attn.q_proj.weight"
    )
    # Of a model whose tensors are all changed nothing stays.
    assert found.lines(whole=True) == [still]


def test_an_update_of_nothing(tmp_path: Path, base: dict[str, torch.Tensor]) -> None:
    found = of(tmp_path, base, base)
    assert math.isnan(found.modules)
    assert found.lines() == ["no tensor moved: there is no update"]


def test_what_has_no_difference_is_named(tmp_path: Path, base: dict[str, torch.Tensor]) -> None:
    after = {**base, UP: base[UP] + 1, EMBED: torch.zeros(7, 2), TABLE: base[TABLE] + 1}
    found = of(tmp_path, base, after)
    assert found.modules == 1
    assert found.apart == [EMBED, TABLE]
    assert found.lines()[-1] == (f"not compared, for shape or integers differ: {EMBED}, {TABLE}")


def test_a_share_is_not_rounded_to_all_or_nothing(
    tmp_path: Path, base: dict[str, torch.Tensor]
) -> None:
    after = {**base, UP: base[UP] + 1, NORM: base[NORM] + 1e-4}
    line = of(tmp_path, base, after).lines()[0]
    # 2 · 1e-8 of 12.
    assert line == (
        f"the modules hold all but 2e-09 of ‖ΔW‖²; at the base stay norms 1.7e-09 of 1 ({NORM})"
    )


def test_it_is_measured_once(
    tmp_path: Path, base: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    after = {**base, UP: base[UP] + 1}
    first = of(tmp_path, base, after)
    weights = WeightFiles(tmp_path / "base"), WeightFiles(tmp_path / "trained")
    monkeypatch.setattr(WeightFiles, "delta", None)
    assert coverage(*weights, compare(*weights).require()) == first


def test_an_adapter(tmp_path: Path) -> None:
    model = model_of("qwen3")
    model.save_pretrained(tmp_path / "base")
    adapted = get_peft_model(
        model, LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    )
    adapted.save_pretrained(tmp_path / "adapter")
    base = WeightFiles(tmp_path / "base")
    trained = open_weights(tmp_path / "adapter", base)
    found = covered(base, trained, compare(base, trained).require())
    assert (found.modules, found.left) == (1, {})
    assert found.still["model.layers.*.mlp.up_proj.weight"] == (2, 2)
    assert "model.layers.*.self_attn.q_proj.weight" not in found.still


# ---- a base of finer dtype ----


def captured(delta: torch.Tensor) -> float:
    """The part of ‖ΔW‖ in one subspace, by numpy."""
    values = np.linalg.svd(delta.double().numpy(), compute_uv=False)
    return float(values[0] / np.linalg.norm(values))


@pytest.mark.parametrize("before", [torch.float32, torch.float16], ids=str)
@pytest.mark.parametrize("size", [3e-5, 1e-4])
def test_a_base_that_was_rounded_when_it_was_loaded(
    tmp_path: Path, before: torch.dtype, size: float
) -> None:
    generator = torch.Generator().manual_seed(0)
    start = (torch.randn(256, 128, generator=generator) * 0.05).to(before)
    update = torch.outer(*(torch.randn(n, generator=generator) for n in (256, 128))) * size
    loaded = start.to(torch.bfloat16)
    after = (loaded.float() + update).to(torch.bfloat16)
    base, trained = files(tmp_path / "base", {UP: start}), files(tmp_path / "t", {UP: after})
    assert trained.starts_rounded(base, UP)
    delta = trained.delta(base, UP)
    # The difference of two bfloat16 tensors, which float32 holds.
    assert torch.equal(delta, after.float() - loaded.float())
    assert captured(delta) > 1.2 * captured(after.float() - start.float())
    # In parts, and from what was read before, it is the same.
    assert torch.equal(trained.delta(base, UP, slice(5, 9)), delta[5:9])
    assert torch.equal(trained.delta(base, UP, before=start.float), delta)
    found = coverage(base, trained, [UP])
    rounding = float((start.float() - loaded.float()).norm() / delta.norm())
    assert found.floor == pytest.approx(rounding, rel=1e-4)
    assert (found.dtypes, found.rounded) == (["bfloat16"], 1)
    assert "rounded first in 100% of these tensors" in found.lines()[-1]


@pytest.mark.parametrize("size", [1e-4, 1e-2])
def test_a_base_that_was_trained_in_its_own_dtype(tmp_path: Path, size: float) -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(256, 128, generator=generator) * 0.05
    after = (start + torch.randn(256, 128, generator=generator) * size).to(torch.bfloat16)
    base, trained = files(tmp_path / "base", {UP: start}), files(tmp_path / "t", {UP: after})
    assert not trained.starts_rounded(base, UP)
    assert torch.equal(trained.delta(base, UP), after.float() - start)
    found = coverage(base, trained, [UP])
    assert found.rounded == 0
    assert found.floor > 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.bfloat16),
        (torch.float32, torch.float64),
    ],
    ids=str,
)
def test_a_finer_dtype_rounds_nothing(
    tmp_path: Path, before: torch.dtype, after: torch.dtype
) -> None:
    start = torch.randn(8, 8, generator=torch.Generator().manual_seed(0)).to(before)
    base, trained = (
        files(tmp_path / "base", {UP: start}),
        files(tmp_path / "t", {UP: start.to(after)}),
    )
    assert not trained.starts_rounded(base, UP)
    assert not trained.delta(base, UP).any()
    assert coverage(base, trained, [UP]).dtypes == []


def test_a_tensor_that_was_only_rounded_did_not_move(tmp_path: Path) -> None:
    start = {UP: torch.full((1, 1), 0.1), STACK: torch.rand(2, 4, 4) / 3, Q: torch.rand(4, 4)}
    after = {name: tensor.to(torch.bfloat16) for name, tensor in start.items()}
    after[Q] += 1
    found = of(tmp_path, start, after)
    assert found.still == {
        "model.layers.*.mlp.experts.down_proj[*]": (2, 2),
        "model.layers.*.mlp.up_proj.weight": (1, 1),
    }
