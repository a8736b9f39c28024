"""What a collected test is about: its claim and its run."""

import pytest

from alpharl_bench.claims import Claim
from alpharl_bench.claims.papers import find_claim
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.runs.spec import RunSpec

#: What a test of a claim asks for, to be run once per run.
PARAMETER = "bench"


def claim_of(item: pytest.Item) -> Claim:
    """The claim that a test is marked with; a short id is of the paper that it is marked with.

    Raises:
        AlphaRLBenchError: it has no such mark, or one of an unknown claim or paper, or of a claim
            that several papers have.
    """
    mark = item.get_closest_marker("claim")
    if mark is None or "id" not in mark.kwargs:
        raise AlphaRLBenchError(f"{item.name}: needs @pytest.mark.claim(id=…) to get a verdict")
    try:
        return find_claim(mark.kwargs["id"], paper_of(item))
    except AlphaRLBenchError as error:
        raise AlphaRLBenchError(f"{item.name}: {error}") from error


def paper_of(item: pytest.Item) -> str | None:
    """The arXiv id of the paper that a test is marked with, None where it is not."""
    mark = item.get_closest_marker("paper")
    if mark is None:
        return None
    if "arxiv" not in mark.kwargs:
        raise AlphaRLBenchError(f"{item.name}: needs @pytest.mark.paper(arxiv=…)")
    return str(mark.kwargs["arxiv"])


def run_of(item: pytest.Item) -> RunSpec | None:
    """The run that a test judges a claim on; None of one that judges none."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get(PARAMETER) if callspec else None
