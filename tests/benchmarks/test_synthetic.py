"""The synthetic pair has the spectrum it promises, in the files; the benchmark runs to its end."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from benchmarks.synthetic import SIZES, write_pair

ROOT = Path(__file__).parents[2]
MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic") / "pair"
    write_pair(folder, "tiny", 1)
    return folder


def stored(model: Path) -> dict[str, np.ndarray]:
    """Every tensor that the index names, in float64."""
    index = json.loads((model / "model.safetensors.index.json").read_text())["weight_map"]
    tensors = {k: t for file in set(index.values()) for k, t in load_file(model / file).items()}
    assert tensors.keys() == index.keys()
    assert {str(tensor.dtype) for tensor in tensors.values()} == {"torch.bfloat16"}
    return {name: tensor.double().numpy() for name, tensor in tensors.items()}


def test_spectrum_of_what_is_stored(pair: Path) -> None:
    base, trained = stored(pair / "base"), stored(pair / "trained")
    assert base.keys() == trained.keys()
    modules = [name for name in base if name.split(".")[-2] in MODULES]
    assert len(modules) == len(MODULES)
    for name in modules:
        sigma = np.linalg.svd(trained[name] - base[name], compute_uv=False)
        norm = np.sqrt((sigma**2).sum())
        assert sigma[1] / sigma[0] == pytest.approx(0.9, abs=0.02)
        assert 0.17 <= sigma[0] / norm <= 0.23
        # Slow decay: the tenth of 0.9·0.97ⁱ, raised a little by the noise.
        assert sigma[10] / sigma[0] == pytest.approx(0.9 * 0.97**9, abs=0.04)
        assert norm / np.linalg.norm(base[name]) == pytest.approx(0.1, rel=0.05)


def test_names_are_those_of_transformers(pair: Path) -> None:
    names = stored(pair / "base")
    assert {"model.embed_tokens.weight", "model.layers.0.self_attn.q_norm.weight"} <= names.keys()
    assert "lm_head.weight" not in names
    config = json.loads((pair / "base" / "config.json").read_text())
    assert config["model_type"] == "qwen3"
    assert config["tie_word_embeddings"] is True
    assert names["model.embed_tokens.weight"].shape == (
        SIZES["tiny"]["vocab_size"],
        config["hidden_size"],
    )


def test_same_bytes_every_time(pair: Path, tmp_path: Path) -> None:
    write_pair(tmp_path / "again", "tiny", 1)
    for path in pair.glob("*/*"):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(pair)).read_bytes()


def test_the_benchmark_runs_to_its_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.rank1", "--size", "tiny", "--layers", "1"]
    done = subprocess.run(
        [*command, "--repeats", "1", "--folder", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for line in ("engine / floor", "dense / engine", "peak memory of the engine"):
        assert line in done.stdout
    assert (tmp_path / "tiny-1" / "trained" / "config.json").is_file()
