"""Procedural problems: the questions that the nano and smol lanes train on and are scored on."""

from alpharl_bench.problems.bank import FAMILIES
from alpharl_bench.problems.families import NANO_FAMILIES, Family, Problem
from alpharl_bench.problems.grading import MAX_RESPONSE_CHARS, final_number, is_correct, last_number
from alpharl_bench.problems.notation import in_prefix_notation
from alpharl_bench.problems.split import held_out_problems, is_held_out, training_problems
from alpharl_bench.problems.words import WORD_FAMILIES

__all__ = [
    "FAMILIES",
    "MAX_RESPONSE_CHARS",
    "NANO_FAMILIES",
    "WORD_FAMILIES",
    "Family",
    "Problem",
    "final_number",
    "held_out_problems",
    "in_prefix_notation",
    "is_correct",
    "is_held_out",
    "last_number",
    "training_problems",
]
