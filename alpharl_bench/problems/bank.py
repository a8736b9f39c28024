"""All families of problems, by name."""

from alpharl_bench.problems.families import NANO_FAMILIES, Family
from alpharl_bench.problems.words import WORD_FAMILIES

FAMILIES: dict[str, Family] = NANO_FAMILIES | WORD_FAMILIES
