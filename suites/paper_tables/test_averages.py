"""Tables 1, 3 and 4: every average is that of the six columns beside it."""

import pytest

from alpharl_bench.plugin import check_reading
from alpharl_bench.printed import Reading

pytestmark = pytest.mark.paper(arxiv="2510.00553")


def test_the_average_is_that_of_its_columns(paper_average: Reading) -> None:
    """Within rounding: half a unit of the last digit in the average, and in every column."""
    check_reading(paper_average)
