"""A toy base: what it samples, with what reward, and how biases change it.

A response is a style, a digit, and the end. Questions are even or odd.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from alpharl_bench.baselines import Drawn
from alpharl_bench.baselines.bias import SAMPLES
from alpharl_bench.decoding import Decoding

GOOD, BAD, ZERO, ONE, END = 10, 11, 20, 21, 99
STYLES, DIGITS = (BAD, GOOD), (ZERO, ONE)
#: How likely the base begins in the good style.
GOOD_SHARE = 0.2

Rule = Callable[[int, int, int], bool]


def style_decides(question: int, style: int, digit: int) -> bool:
    """Right is whatever begins in the good style."""
    return style == GOOD


def digit_decides(question: int, style: int, digit: int) -> bool:
    """Right is the digit that the question asks for, in any style."""
    return digit == DIGITS[question % 2]


class Toy:
    """Draws responses; remembers the decodings that it was asked with."""

    def __init__(self, right: Rule) -> None:
        self._right = right
        self.asked: list[tuple[Decoding, tuple[int, ...], int]] = []

    def draw(self, decoding: Decoding, asked: Sequence[int], seed: int) -> list[list[Drawn]]:
        """``SAMPLES`` responses to each question."""
        self.asked.append((decoding, tuple(asked), seed))
        return [self.responses(decoding, question, SAMPLES, seed) for question in asked]

    def accuracy(self, decoding: Decoding, count: int = 4000) -> float:
        """Over as many even as odd questions."""
        found = [self.responses(decoding, question, count, 5) for question in (0, 1)]
        return float(np.mean([one.right for row in found for one in row]))

    def responses(self, decoding: Decoding, question: int, count: int, seed: int) -> list[Drawn]:
        """Responses to one question."""
        rng = np.random.default_rng([seed, question])
        at_first = {t: decoding.bias.get(t, 0) + decoding.first.get(t, 0) for t in STYLES}
        styles = _pick(rng, STYLES, (1 - GOOD_SHARE, GOOD_SHARE), at_first, count)
        digits = _pick(rng, DIGITS, (0.5, 0.5), decoding.bias, count)
        return [
            Drawn((style, digit, END), self._right(question, style, digit))
            for style, digit in zip(styles, digits, strict=True)
        ]


def _pick(
    rng: np.random.Generator,
    tokens: Sequence[int],
    shares: Sequence[float],
    biases: Mapping[int, float],
    count: int,
) -> list[int]:
    weights = np.array(shares) * np.exp([biases.get(token, 0.0) for token in tokens])
    picked: list[int] = rng.choice(tokens, count, p=weights / weights.sum()).tolist()
    return picked
