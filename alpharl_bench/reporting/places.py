"""Where the paper's figures and tables have their counterparts in the report."""

import re

import pandas as pd

from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.reporting import tables
from alpharl_bench.reporting.judged import Judged

_INTRODUCTION = """\
## The paper's figures and tables

What stands beside each, by the places that the claims name; *not judged* are those that this \
session did not select or that no run of it allows."""
_PLACE = re.compile(r"(Figures?|Tables?|Appendix) ([^,§]+)")


def places(judged: Judged) -> str:
    """A table from the paper's figures, tables and appendices to the claims about them."""
    found: dict[str, list[str]] = {}
    for claim in CLAIMS.values():
        for what, where in _PLACE.findall(claim.place):
            for one in re.split(r" and ", where):
                found.setdefault(f"{what.removesuffix('s')} {one.strip()}", []).append(claim.id)
    frame = pd.DataFrame(
        [
            {
                "paper": place,
                "judged here": ", ".join(c for c in claims if c in judged.verdicts) or "–",
                "not judged": ", ".join(c for c in claims if c not in judged.verdicts) or "–",
            }
            for place, claims in sorted(found.items(), key=_in_order)
        ]
    )
    return "\n".join([_INTRODUCTION, "", tables.markdown(frame), ""])


def _in_order(item: tuple[str, list[str]]) -> tuple[int, int, str]:
    what, where = item[0].split(" ", 1)
    number = re.match(r"\d+", where)
    return ["Figure", "Table", "Appendix"].index(what), int(number[0]) if number else 0, where
