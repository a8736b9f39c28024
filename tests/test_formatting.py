"""Sizes and times in words."""

import pytest

from alpharl_bench.formatting import size_text, time_text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (64_123_000, "64.1 MB"), (2e10, "20 GB"), (3e15, "3e+03 TB")],
)
def test_a_size(size, text):
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (344, "5 min 44 s"), (7500, "2 h 5 min")],
)
def test_a_time(seconds, text):
    assert time_text(seconds) == text
