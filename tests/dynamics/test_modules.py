"""Modules of the paper's architectures by their real names, and windows by hand."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpharl_bench.checkpoints import open_weights
from alpharl_bench.checkpoints.modules import module_names
from alpharl_bench.dynamics import WINDOWS, places, windows
from alpharl_bench.errors import AlphaRLBenchError
from tests.models import ARCHITECTURES, trained_pair

ATTENTION = ("q", "k", "v", "o")
SPLIT, FUSED = ("gate", "up", "down"), ("gate_up", "down")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_module_of_an_architecture(architecture: str, tmp_path) -> None:
    weights = open_weights(trained_pair(tmp_path, architecture)[0])
    names = module_names(weights, embeddings=True)
    found = places(names)
    assert [place.module for place in found] == names
    inside = [place for place in found if place.layer is not None]
    kinds = Counter((place.layer, place.block, place.kind) for place in inside)
    experts = 4 if architecture == "qwen3-moe" else 1
    mlp = FUSED if architecture == "glm4" else SPLIT
    expected = Counter({(i, "attention", kind): 1 for i in range(2) for kind in ATTENTION})
    expected.update({(i, "MLP", kind): experts for i in range(2) for kind in mlp})
    if architecture == "qwen3-moe":
        expected.update({(i, "MLP", "router"): 1 for i in range(2)})
    assert kinds == expected
    assert {place.depth for place in inside} == {0.0, 0.5}
    outside = [(p.block, p.kind, p.depth) for p in found if p.layer is None]
    assert set(outside) <= {("other", "embed_tokens", None), ("other", "lm_head", None)}
    assert ("other", "embed_tokens", None) in outside


def test_an_expert_of_a_stack() -> None:
    (place,) = places(["model.layers.0.mlp.experts.gate_up_proj[13]"])
    assert (place.kind, place.block, place.layer) == ("gate_up", "MLP", 0)


def test_layers_are_counted_and_not_spelled() -> None:
    names = [f"model.layers.{i}.self_attn.q_proj.weight" for i in (10, 2, 0)]
    assert [place.depth for place in places(names)] == [10 / 11, 2 / 11, 0]


def test_windows_by_hand() -> None:
    # 21 modules: windows of 7 that begin 3 apart, at 0, 3, …, 12; the last two are in none.
    values = {f"m{i:02}": 1 - i / 100 for i in range(21)}
    found = windows(dict(reversed(values.items())))
    assert [window.modules[0] for window in found] == ["m00", "m03", "m06", "m09", "m12"]
    assert found[1].modules == tuple(f"m{i:02}" for i in range(3, 10))
    assert [round(window.least, 2) for window in found] == [0.94, 0.91, 0.88, 0.85, 0.82]


@given(
    st.dictionaries(st.text(max_size=3), st.floats(0, 1, allow_nan=False), min_size=1, max_size=60)
)
def test_windows_fall_and_keep_their_size(values: dict[str, float]) -> None:
    found = windows(values)
    size = max(1, round(len(values) / 3))
    assert {len(window.modules) for window in found} == {size}
    assert found[0].least == sorted(values.values())[-size]
    leasts = [window.least for window in found]
    assert leasts == sorted(leasts, reverse=True)
    for window in found:
        assert window.least == min(values[name] for name in window.modules)


@pytest.mark.parametrize("modules", [*range(7, 60), 252, 399, 18_624])
def test_the_number_of_windows_does_not_depend_on_that_of_modules(modules: int) -> None:
    found = windows({f"m{i:05}": 1 - i / modules for i in range(modules)})
    assert len(found) == WINDOWS == 5
    assert len({window.modules for window in found}) == 5


def test_the_authors_sizes_to_the_nearest_module() -> None:
    # 24 modules: 8 in each; 24/7 = 3.43 apart, at 0, 3.4, 6.9, 10.3 and 13.7.
    found = windows({f"m{i:02}": 1 - i / 100 for i in range(24)})
    assert [window.modules[0] for window in found] == ["m00", "m03", "m07", "m10", "m14"]
    assert {len(window.modules) for window in found} == {8}


def test_a_module_without_r_squared_is_named() -> None:
    with pytest.raises(AlphaRLBenchError, match="'down' and 0 more without one"):
        windows({"up": 0.5, "down": float("nan")})
    with pytest.raises(AlphaRLBenchError, match="there are no modules"):
        windows({})
