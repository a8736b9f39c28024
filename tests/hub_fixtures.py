"""Runs on the Hub: a model's files, a cache without network, and a small Hub."""

import threading
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
import torch
from huggingface_hub import constants
from transformers import Qwen3Config, Qwen3ForCausalLM

from tests.small_hub import Files, SmallHub, forget


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of a real, tiny Qwen3, with things beside them that must not be fetched."""
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8}
    folder = tmp_path_factory.mktemp("model")
    Qwen3ForCausalLM(Qwen3Config(vocab_size=20, **shape, **heads)).save_pretrained(folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert "model.safetensors" in files
    return {**files, "modeling.py": b"raise SystemExit", "training_args.bin": b"\x80"}


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hub cache, and no network."""
    forget()
    folder = tmp_path / "hub cache"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return folder


@pytest.fixture
def online(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallHub]:
    small = SmallHub()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", small.url)
    template = small.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    huggingface_hub.close_session()
    thread = threading.Thread(target=small.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield small
    small.server.shutdown()
    small.server.server_close()
    thread.join()
    huggingface_hub.close_session()
