"""What a collected test is about: its claim and its run."""

import pytest

from alpharl_bench.claims import CLAIMS, Claim
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import unknown
from alpharl_bench.runs.spec import RunSpec

#: What a test of a claim asks for, to be run once per run.
PARAMETER = "bench"


def claim_of(item: pytest.Item) -> Claim:
    """The claim that a test is marked with.

    Raises:
        AlphaRLBenchError: it has no such mark, or one of an unknown claim.
    """
    mark = item.get_closest_marker("claim")
    if mark is None or "id" not in mark.kwargs:
        raise AlphaRLBenchError(f"{item.name}: needs @pytest.mark.claim(id=…) to get a verdict")
    if mark.kwargs["id"] not in CLAIMS:
        raise AlphaRLBenchError(f"{item.name}: {unknown('claim', mark.kwargs['id'], CLAIMS)}")
    return CLAIMS[mark.kwargs["id"]]


def run_of(item: pytest.Item) -> RunSpec | None:
    """The run that a test judges a claim on; None of one that judges none."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get(PARAMETER) if callspec else None
