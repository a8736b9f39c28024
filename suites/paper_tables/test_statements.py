"""Abstract to Appendix D: what the paper says in numbers agrees with its tables and with itself."""

import pytest

from alpharl_bench.plugin import check_printed
from alpharl_bench.printed import PaperCheck

pytestmark = pytest.mark.paper(arxiv="2510.00553")


def test_the_sentence_agrees_with_the_tables(paper_statement: PaperCheck) -> None:
    """As its entry in alpharl_bench/papers/arxiv_2510_00553/statements says it is checked."""
    check_printed(paper_statement)
