"""Where a paper's figures and tables have their counterparts in the report."""

import re
from collections.abc import Iterable

import pandas as pd

from alpharl_bench.claims import Claim
from alpharl_bench.claims.paper import Paper
from alpharl_bench.reporting import tables
from alpharl_bench.reporting.judged import Judged

_INTRODUCTION = """\
## The paper's figures and tables

The claims about each figure and table, by their references. *Not judged* are claims that this \
session did not select, or that none of its runs allows."""
_PLACE = re.compile(r"(Figures?|Tables?|Appendix) ([^,§]+)")


def places(judged: Judged, paper: Paper) -> list[str]:
    """A table from a paper's figures, tables and appendices to the claims about them."""
    found: dict[str, list[Claim]] = {}
    for claim in paper.claims:
        for what, where in _PLACE.findall(claim.paper_ref.place):
            for one in re.split(r" and ", where):
                found.setdefault(f"{what.removesuffix('s')} {one.strip()}", []).append(claim)
    frame = pd.DataFrame(
        [
            {
                "paper": place,
                "judged here": _ids(c for c in claims if c.qualified_id in judged.verdicts),
                "not judged": _ids(c for c in claims if c.qualified_id not in judged.verdicts),
            }
            for place, claims in sorted(found.items(), key=_in_order)
        ]
    )
    return ["\n".join([_INTRODUCTION, "", tables.markdown(frame), ""])] if found else []


def _ids(claims: Iterable[Claim]) -> str:
    return ", ".join(claim.id for claim in claims) or "–"


def _in_order(item: tuple[str, list[Claim]]) -> tuple[int, int, str]:
    what, where = item[0].split(" ", 1)
    number = re.match(r"\d+", where)
    return ["Figure", "Table", "Appendix"].index(what), int(number[0]) if number else 0, where
