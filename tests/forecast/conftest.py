"""What the tests of all forecasters share."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def hasty_networks(request):
    """Train NExt's networks for 3 epochs where it does not matter how well they learn."""
    with pytest.MonkeyPatch.context() as patch:
        if not request.module.__name__.endswith("test_next"):
            patch.setattr("alpharl_bench.forecast.next_network.EPOCHS", 3)
        yield
