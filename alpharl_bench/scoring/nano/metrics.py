"""The metric of the nano tasks, named in ``nano.yaml``."""

from typing import Any

from alpharl_bench.problems import is_correct


def grade_samples(doc: dict[str, Any], results: list[list[str]]) -> dict[str, float]:
    """lm-eval's ``process_results``: the share of a question's sampled responses that are correct.

    Args:
        doc: one line of the question file.
        results: one list with all sampled responses.
    """
    (responses,) = results
    return {"mean@k": sum(is_correct(r, doc["answer"]) for r in responses) / len(responses)}
