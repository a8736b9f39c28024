"""The ways in which the base's tokens are chosen, and the settings of each to choose from.

To add a way, write its settings and a line in ``METHODS``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from alpharl_bench.baselines.bias import Biases
from alpharl_bench.decoding import AS_ASKED, FORCED, Decoding
from alpharl_bench.variants import Variant, decoded

#: What a gain that a baseline has too is called.
Part = Literal["switch", "sharpening"]
#: Tokens that are tried one by one.
_TOKENS = 3
_TEMPERATURES = (0.75, 0.5, 0.25, 1.25)
_SHIFTS = (2.0, -2.0)
_SCALES = (1.0, 0.5, 2.0)


@dataclass(frozen=True)
class Method:
    """A way of choosing tokens.

    Args:
        part: what a gain that it has is called.
        says: what is done, in words.
        settings: from fitted biases to the settings that it is chosen from, the mildest first.
    """

    part: Part
    says: str
    settings: Callable[[Biases], Sequence[Decoding]]


def _first_tokens(fitted: Biases) -> list[Decoding]:
    tried = fitted.begins[:_TOKENS]
    return [Decoding(first={token: sign * FORCED}) for token in tried for sign in (1, -1)]


def _one_token(fitted: Biases) -> list[Decoding]:
    most = sorted(fitted.bias, key=lambda token: (-abs(fitted.bias[token]), token))[:_TOKENS]
    return [Decoding(bias={token: shift}) for token in most for shift in _SHIFTS]


def _biases(fitted: Biases, temperature: float | None) -> list[Decoding]:
    return [
        Decoding(
            temperature,
            {token: scale * bias for token, bias in fitted.bias.items()},
            {token: scale * bias for token, bias in fitted.first.items()},
        )
        for scale in _SCALES
    ]


METHODS: Mapping[str, Method] = {
    "first token": Method(
        "switch",
        "its first token forced or forbidden, one of those that it begins with",
        _first_tokens,
    ),
    "one token": Method("switch", "the logit of one token shifted", _one_token),
    "bias vector": Method(
        "switch",
        "one bias for each token and one for each first token, fitted by the reward",
        lambda fitted: _biases(fitted, None),
    ),
    "greedy": Method("sharpening", "its likeliest token always", lambda _: [Decoding(0)]),
    "temperature": Method(
        "sharpening",
        "its best temperature",
        lambda _: [Decoding(temperature) for temperature in _TEMPERATURES],
    ),
    "greedy bias vector": Method(
        "sharpening", "the bias vector, greedily", lambda fitted: _biases(fitted, 0)
    ),
}
#: The baselines as variants of a run.
BASELINES: tuple[Variant, ...] = tuple(map(decoded, METHODS))


def settings_of(variant: Variant) -> list[Variant]:
    """The variants that a baseline's setting is chosen from, on the validation split.

    How many there are does not depend on the base, as long as its tokens are more than a few.
    """
    if variant.candidate is not None:
        return []
    tokens = dict.fromkeys(range(_TOKENS), 1.0)
    likely = Biases(tokens, tokens, tuple(tokens), ())
    count = len(named(variant).settings(likely))
    return [replace(variant, candidate=place) for place in range(count)] if count > 1 else []


def named(variant: Variant) -> Method:
    """The way of a variant of the base."""
    return METHODS[variant.method]


def tried(variant: Variant, fitted: Biases) -> Sequence[Decoding]:
    """The settings of a baseline; of a base whose rewards tell no token from another the task's."""
    return named(variant).settings(fitted) or (AS_ASKED,)
