"""The truth of the synthetic benchmarks is what is drawn on average."""

import numpy as np
import pytest

from benchmarks.coverage.settings import BIMODAL, EVEN, Setting


def test_the_closed_form_is_the_mean_of_what_is_drawn() -> None:
    setting = Setting("two", (20_000, 10_000), (EVEN, BIMODAL))
    drawn = setting.chances(np.random.default_rng(0))
    means = [(c[:20_000].mean() + c[20_000:].mean()) / 2 for c in drawn]
    np.testing.assert_allclose(means, setting.accuracies, atol=0.01)
    assert setting.accuracies[2] / setting.accuracies[1] == pytest.approx(0.99)
