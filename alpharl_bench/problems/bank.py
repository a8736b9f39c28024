"""All families of problems, by name."""

from alpharl_bench.problems.column_addition import CARRY
from alpharl_bench.problems.families import NANO_FAMILIES, Family
from alpharl_bench.problems.products import FACTS_FAMILY
from alpharl_bench.problems.words import WORD_FAMILIES

#: What a base writes with wrong steps, that RL has to mend.
STEP_FAMILIES: dict[str, Family] = {family.name: family for family in (FACTS_FAMILY, CARRY)}
FAMILIES: dict[str, Family] = STEP_FAMILIES | NANO_FAMILIES | WORD_FAMILIES
