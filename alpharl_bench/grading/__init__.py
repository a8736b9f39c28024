"""Grading of model output, which is untrusted text: it may be wrong, but not stall or kill us."""

from alpharl_bench.grading.answers import final_answer
from alpharl_bench.grading.graders import MAX_ANSWER_CHARS, Kind, grade, grade_all
from alpharl_bench.grading.marks import Grade, Mark

__all__ = [
    "MAX_ANSWER_CHARS",
    "Grade",
    "Kind",
    "Mark",
    "final_answer",
    "grade",
    "grade_all",
]
