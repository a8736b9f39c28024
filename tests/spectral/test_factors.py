"""The factor store: what it computes, when, and that nothing half-written is ever read."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.errors import AlphaRLBenchError, AlphaRLBenchWarning
from alpharl_bench.spectral import UpdateFactors, factors
from tests.models import trained_pair

SHAPES = {
    "model.layers.0.self_attn.q_proj.weight": (300, 280),
    "model.layers.0.mlp.up_proj.weight": (320, 280),
    "model.layers.1.mlp.up_proj.weight": (320, 280),
}


def write(folder: Path, seed: int, change: dict | None = None) -> Path:
    generator = torch.Generator().manual_seed(seed)
    tensors = {name: torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}
    folder.mkdir(parents=True)
    save_file({**tensors, **(change or {})}, folder / "model.safetensors")
    return folder


@pytest.fixture
def pair(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    return write(tmp_path / "base", 0), write(tmp_path / "trained", 1)


def opened(pair) -> UpdateFactors:
    return UpdateFactors(*(WeightFiles(folder) for folder in pair))


def stored(tmp_path: Path) -> set[Path]:
    return set((tmp_path / "cache" / "factors").rglob("*.safetensors"))


def whole(tmp_path: Path) -> set[str]:
    """The keys of everything that is stored."""
    keys = set()
    for path in stored(tmp_path):
        with safe_open(path, framework="pt") as file:
            keys |= set(file.metadata())
    return keys


@pytest.fixture
def counted(monkeypatch):
    """The ranks of every decomposition that is really done."""
    done = []
    genuine = factors.decompose
    monkeypatch.setattr(
        factors, "decompose", lambda delta, rank: done.append(rank) or genuine(delta, rank)
    )
    return done


def test_triplets_are_those_of_numpy(pair):
    base, trained = (load_file(folder / "model.safetensors") for folder in pair)
    for name, found in opened(pair).all(lambda _: 3):
        delta = trained[name].double().numpy() - base[name].double().numpy()
        _, sigma, right_t = np.linalg.svd(delta)
        np.testing.assert_allclose(found.factors.sigma[:3], sigma[:3], rtol=1e-4)
        assert abs(right_t[0] @ found.factors.right[:, 0].double().numpy()) > 0.999
        assert found.norm == pytest.approx(np.linalg.norm(delta), rel=1e-5)


def test_a_sweep_over_ranks_and_subspaces_decomposes_once(pair, counted):
    for rank in (2, 16, 9, 3):
        list(opened(pair).all(lambda _, rank=rank: rank))
    assert counted == [16] * len(SHAPES)
    list(opened(pair).all(lambda _: 17))
    assert counted == [16] * len(SHAPES) + [64] * len(SHAPES)


def test_the_same_question_has_the_same_bits_whatever_was_asked_before(pair, tmp_path, monkeypatch):
    def answer(cache, *before):
        monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / cache))
        for rank in before:
            opened(pair).prepare(lambda _, rank=rank: rank)
        return dict(opened(pair).all(lambda _: 1))

    fresh, later = answer("one"), answer("two", 300, 16)
    torch.set_num_threads(1)
    try:
        alone = answer("three")
    finally:
        torch.set_num_threads(os.cpu_count() or 1)
    for name, found in fresh.items():
        for other in (later[name], alone[name]):
            for part in ("left", "sigma", "right"):
                assert torch.equal(getattr(found.factors, part), getattr(other.factors, part))


def test_the_store_is_keyed_by_content_not_by_place(pair, tmp_path, counted):
    list(opened(pair).all(lambda _: 1))
    moved = tuple(folder.rename(folder.with_name(f"moved-{folder.name}")) for folder in pair)
    list(opened(moved).all(lambda _: 1))
    assert len(counted) == len(SHAPES)
    # Another value, same place, same size.
    weights = load_file(moved[1] / "model.safetensors")
    weights["model.layers.0.mlp.up_proj.weight"][0, 0] += 1
    save_file(weights, moved[1] / "model.safetensors")
    list(opened(moved).all(lambda _: 1))
    assert len(counted) == 2 * len(SHAPES)


def test_a_damaged_file_of_the_store_is_made_again(pair, tmp_path, counted):
    before = dict(opened(pair).all(lambda _: 1))
    truth = before["model.layers.0.mlp.up_proj.weight"].factors.left.clone()
    (damaged,) = stored(tmp_path)
    damaged.write_bytes(damaged.read_bytes()[:-8])
    after = dict(opened(pair).all(lambda _: 1))
    assert len(counted) == 2 * len(SHAPES)
    assert torch.equal(after["model.layers.0.mlp.up_proj.weight"].factors.left, truth)


def test_an_error_in_one_matrix_names_it_and_leaves_the_others(tmp_path, monkeypatch, counted):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    bad = "model.layers.1.mlp.up_proj.weight"
    diverged = {bad: torch.full(SHAPES[bad], torch.nan)}
    pair = (write(tmp_path / "base", 0), write(tmp_path / "nan", 1, diverged))
    with pytest.raises(AlphaRLBenchError, match=bad):
        list(opened(pair).all(lambda _: 1))
    assert whole(tmp_path) == {f"{name}.r1" for name in SHAPES if name != bad}
    assert not list((tmp_path / "cache").rglob("*.scratch"))


def test_what_no_solver_can_do_is_said(pair, monkeypatch):
    genuine = factors.decompose

    def unconverged(delta, rank):
        found = genuine(delta, rank)
        return type(found)(found.factors, found.norm, 1e-2, "dense")

    monkeypatch.setattr(factors, "decompose", unconverged)
    # One for each matrix.
    with pytest.warns(AlphaRLBenchWarning) as caught:
        opened(pair).prepare(lambda _: 1)
    assert any("up_proj.weight': residual 1.0e-02" in str(one.message) for one in caught)


def test_what_is_left_out_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    folders = trained_pair(tmp_path, "qwen3")
    longer = load_file(folders[1] / "model.safetensors")
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        longer[name] = torch.cat([longer[name], longer[name][:3]])
    save_file(longer, folders[1] / "model.safetensors", metadata={"format": "pt"})
    with pytest.warns(AlphaRLBenchWarning) as caught:
        assert len(dict(opened(folders).all(lambda _: 1))) == 14
    assert any("'lm_head.weight' has 53 tokens" in str(one.message) for one in caught)


def test_all_singular_values_are_those_of_numpy_and_computed_once(pair, monkeypatch):
    found = dict(opened(pair).singular_values())
    base, trained = (load_file(folder / "model.safetensors") for folder in pair)
    assert set(found) == set(opened(pair).modules)
    for name, values in found.items():
        expected = np.linalg.svd((trained[name] - base[name]).double().numpy(), compute_uv=False)
        np.testing.assert_allclose(values.numpy(), expected, rtol=1e-4, atol=1e-6 * expected[0])
    monkeypatch.setattr(factors, "singular_values", None)
    again = dict(opened(pair).singular_values())
    assert all(torch.equal(again[name], found[name]) for name in found)


SWEEP = """
import os, sys
from pathlib import Path
from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.spectral import UpdateFactors
processes, *folders = sys.argv[1:]
others = []
for _ in range(int(processes) - 1):
    others.append(os.fork())
    if not others[-1]:
        others = []
        break
UpdateFactors(*map(WeightFiles, map(Path, folders))).prepare(lambda shape: min(shape))
sys.exit(any([os.waitpid(child, 0)[1] for child in others]))
"""


def sweep(pair, processes=1):
    """Processes that do the same; the first forks the others and waits for them."""
    command = [sys.executable, "-c", SWEEP, str(processes), *map(str, pair)]
    return subprocess.Popen(command, env=os.environ)


@pytest.fixture
def long_pair(tmp_path, monkeypatch):
    """A pair that takes seconds: 40 matrices, all triplets."""
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    folders = []
    for seed, name in enumerate(("base", "trained")):
        generator = torch.Generator().manual_seed(seed)
        (tmp_path / name).mkdir()
        save_file(
            {
                f"model.layers.{i}.mlp.up_proj.weight": torch.randn(500, 500, generator=generator)
                for i in range(40)
            },
            tmp_path / name / "model.safetensors",
        )
        folders.append(tmp_path / name)
    return tuple(folders)


def test_a_killed_sweep_goes_on_where_it_stood(long_pair, tmp_path, counted):
    process = sweep(long_pair)
    while len(whole(tmp_path)) < 5:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = whole(tmp_path)
    assert 5 <= len(kept) < 40
    found = dict(opened(long_pair).all(min))
    assert len(counted) == 40 - len(kept)
    assert not list((tmp_path / "cache" / "factors").rglob("*.scratch"))
    base, trained = (load_file(folder / "model.safetensors") for folder in long_pair)
    for name, decomposition in found.items():
        delta = trained[name] - base[name]
        torch.testing.assert_close(decomposition.factors.dense(), delta, atol=1e-4, rtol=0)


def test_two_processes_share_a_store(long_pair, tmp_path, counted):
    assert sweep(long_pair, processes=2).wait() == 0
    assert len(whole(tmp_path)) == 40
    assert len(dict(opened(long_pair).all(min))) == 40
    assert counted == []


def test_a_full_memory_names_the_matrix_and_what_to_do(pair, monkeypatch):
    def full(delta, rank):
        raise MemoryError("a (300, 280) matrix does not fit: CUDA out of memory")

    monkeypatch.setattr(factors, "decompose", full)
    found = UpdateFactors(*map(WeightFiles, pair))
    with pytest.raises(AlphaRLBenchError, match=r"does not fit.* free memory .*--device cpu"):
        found.prepare(lambda _: 1)
