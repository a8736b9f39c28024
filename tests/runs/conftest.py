"""A small Hub, and a base and a run that train in seconds, into an empty cache."""

import pytest

from tests.hub_fixtures import hub_cache, model, online

__all__ = ["hub_cache", "model", "online"]


@pytest.fixture
def grpo(tiny_registry):
    return tiny_registry.run("tiny-grpo")


@pytest.fixture
def tiny(tiny_registry):
    return tiny_registry.model("tiny")


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path))
    return tmp_path
