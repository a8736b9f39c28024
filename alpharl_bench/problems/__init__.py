"""Procedural arithmetic problems: the questions that the nano lane trains on and is scored on."""

from alpharl_bench.problems.families import FAMILIES, Family, Problem
from alpharl_bench.problems.grading import MAX_RESPONSE_CHARS, final_number, is_correct
from alpharl_bench.problems.notation import in_prefix_notation
from alpharl_bench.problems.split import held_out_problems, is_held_out, training_problems

__all__ = [
    "FAMILIES",
    "MAX_RESPONSE_CHARS",
    "Family",
    "Problem",
    "final_number",
    "held_out_problems",
    "in_prefix_notation",
    "is_correct",
    "is_held_out",
    "training_problems",
]
