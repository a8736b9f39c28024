"""Tables 1, 3 and 4: every average is that of the six columns beside it."""

import pytest

from alpharl_bench.plugin import check_printed
from alpharl_bench.printed import PaperCheck

pytestmark = pytest.mark.paper(arxiv="2510.00553")


def test_the_average_is_that_of_its_columns(paper_average: PaperCheck) -> None:
    """Within rounding: half a unit of the last digit in the average, and in every column."""
    check_printed(paper_average)
