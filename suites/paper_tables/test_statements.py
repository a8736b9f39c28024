"""Abstract to Appendix D: what the paper says in numbers agrees with its tables and with itself."""

import pytest

from alpharl_bench.plugin import check_reading
from alpharl_bench.printed import Reading

pytestmark = pytest.mark.paper(arxiv="2510.00553")


def test_the_sentence_agrees_with_the_tables(paper_statement: Reading) -> None:
    """As its entry in alpharl_bench/papers/arxiv_2510_00553/statements says it is checked."""
    check_reading(paper_statement)
