import pytest

from alpharl_bench.baselines import BASELINES, METHODS, Biases, named, settings_of
from alpharl_bench.decoding import FORCED, Decoding
from alpharl_bench.variants import decoded

#: Of five tokens; 4 and 5 are biased most and least.
FITTED = Biases(
    bias={1: 0.5, 2: -1.0, 3: 0.1, 4: 3.0, 5: 0.0},
    first={1: 0.25},
    begins=(2, 4, 1, 3),
    rewards=(0.5,),
)


def settings(method):
    """The settings of a way of decoding."""
    return METHODS[method].settings(FITTED)


def test_the_most_frequent_first_tokens_are_forced_and_forbidden():
    assert settings("first token") == [
        Decoding(first={token: by}) for token in (2, 4, 1) for by in (FORCED, -FORCED)
    ]


def test_the_tokens_that_are_biased_most_are_shifted_alone():
    assert settings("one token") == [
        Decoding(bias={token: by}) for token in (4, 2, 1) for by in (2.0, -2.0)
    ]


@pytest.mark.parametrize(
    ("method", "temperature"), [("bias vector", None), ("greedy bias vector", 0)]
)
def test_the_bias_vector_is_taken_as_fitted_and_scaled(method, temperature):
    whole, half, twice = settings(method)
    assert whole == Decoding(temperature, FITTED.bias, FITTED.first)
    assert half == Decoding(temperature, {1: 0.25, 2: -0.5, 3: 0.05, 4: 1.5, 5: 0.0}, {1: 0.125})
    assert (twice.bias[4], twice.first[1]) == (6.0, 0.5)


def test_without_biases_there_is_less_chance():
    assert settings("greedy") == [Decoding(0)]
    assert [one.temperature for one in settings("temperature")] == [0.75, 0.5, 0.25, 1.25]
    assert not any(one.biased for one in settings("temperature"))


def test_what_gives_no_chance_less_is_a_switch():
    parts = {name: method.part for name, method in METHODS.items()}
    assert parts == {
        "first token": "switch",
        "one token": "switch",
        "bias vector": "switch",
        "greedy": "sharpening",
        "temperature": "sharpening",
        "greedy bias vector": "sharpening",
    }


def test_every_way_is_a_variant_of_the_base():
    assert [variant.label for variant in BASELINES] == [f"base, {name}" for name in METHODS]
    assert all(named(variant) is METHODS[variant.method] for variant in BASELINES)


@pytest.mark.parametrize("method", METHODS)
def test_the_candidates_are_known_before_anything_is_fitted(method):
    candidates = settings_of(decoded(method))
    count = len(settings(method))
    # One setting is not chosen.
    assert [one.candidate for one in candidates] == (list(range(count)) if count > 1 else [])
    assert all(one.label == f"base, {method}, candidate {i}" for i, one in enumerate(candidates))
    assert all(settings_of(candidate) == [] for candidate in candidates)
