"""The limits that a page lists are those of the code."""

import re
from pathlib import Path

from alpharl_bench import limits
from alpharl_bench.formatting import size_text, time_text
from alpharl_bench.grading import workers

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
ROW = re.compile(r"^\| .+ \| (?P<limit>[^|]+) \| `(?P<name>[A-Z_]+)` \|$", re.MULTILINE)


def shown(name: str, value: float) -> str:
    if name.endswith("_BYTES"):
        return size_text(value)
    return time_text(value) if name.endswith("_SECONDS") else f"{value:,}"


def test_the_table_has_every_limit():
    constants = {name: value for name, value in vars(limits).items() if name.isupper()}
    for unit in ("KB", "MB", "GB"):
        del constants[unit]
    constants |= {
        name: getattr(workers, name) for name in ("COMPARISON_SECONDS", "COMPARISON_BYTES")
    }
    listed = {row["name"]: row["limit"] for row in ROW.finditer(PAGE.read_text())}
    assert listed == {name: shown(name, value) for name, value in constants.items()}
