"""Verdicts of a session: pools over bases and seeds, families by question, first analyses."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from alpharl_bench.reporting import Session, write_report
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.results import load_results
from tests.evidence import altered
from tests.scores import session_of

NEEDED = ("base", "full", "rank-1", *(f"random-rank-1 #{i}" for i in range(3)))
CLAIMS = ["P1.1", "P1.1-control", "P1.6"]


def session(
    synthetic,
    rank1: Sequence[float],
    models: Sequence[str],
    names: Sequence[str],
    unlearned: str | None = None,
) -> Session:
    """A session of runs with these accuracies of Rank-1, where the trained model has 0.8.

    A run that is ``unlearned`` has the base's accuracy instead.
    """
    specs, evidence = [], {}
    for accuracy, model, name in zip(rank1, models, names, strict=True):
        synthetic.name = name
        specs.append(replace(synthetic.spec, model=model))
        full = 0.2 if name == unlearned else 0.8
        known = synthetic.evidence(dict.fromkeys(NEEDED, 0.2) | {"full": full, "rank-1": accuracy})
        scores = {label: known.scores[label] for label in NEEDED}
        evidence[name] = altered(known, scores=scores, dynamics=[])
    return session_of(specs, evidence, dict.fromkeys(evidence, CLAIMS))


def test_runs_are_nested_in_their_bases(synthetic, tmp_path) -> None:
    rank1 = (0.7, 0.6, 0.8, 0.5)
    made = session(synthetic, rank1, ("a", "a", "b", "c"), ("w", "x", "y", "z"))
    judged = Judged.of(made)
    (found,) = judged.pooled["2510.00553:P1.1"]
    assert (found.over, found.clusters, found.runs) == ("3 bases", 3, ("w", "x", "y", "z"))
    # The mean of bases: (0.7 + 0.6)/2, 0.8 and 0.5 of 0.8. All questions agree: no variance.
    means = np.array([0.65, 0.8, 0.5]) / 0.8
    low, high = stats.t.interval(0.95, 2, means.mean(), stats.sem(means))
    assert found.value.estimate == pytest.approx(means.mean())
    assert (found.value.low, found.value.high) == pytest.approx((low, high), abs=0.02)
    # What is a fact of each run is evidence over bases.
    (spectra,) = judged.pooled["2510.00553:P1.6"]
    assert spectra.value.estimate == pytest.approx(5)
    made.save(tmp_path)
    text = write_report(tmp_path).read_text()
    assert "**Over several runs**" in text
    assert "| 3 bases, 4 runs |" in text
    records = {record.claim: record for record in load_results(tmp_path).pooled}
    assert records["P1.1"].value.estimate == pytest.approx(means.mean())


def test_a_run_that_did_not_learn_is_counted_and_named(synthetic, tmp_path) -> None:
    names = ("w", "x", "y", "z")
    made = session(synthetic, (0.7, 0.6, 0.8, 0.2), ("a", "b", "c", "c"), names, unlearned="z")
    (found,) = Judged.of(made).pooled["2510.00553:P1.1"]
    assert (found.runs, found.left_out) == (("w", "x", "y"), ("z",))
    made.save(tmp_path)
    assert "| 3 bases, 3 of 4 runs |" in write_report(tmp_path).read_text()
    records = {record.claim: record for record in load_results(tmp_path).pooled}
    assert records["P1.1"].left_out == ("z",)


def test_two_bases_are_no_sample_of_more(synthetic, tmp_path) -> None:
    made = session(synthetic, (0.7, 0.6, 0.8), ("a", "a", "b"), ("x", "y", "z"))
    assert not any(Judged.of(made).pooled.values())
    made.save(tmp_path)
    assert "Over several runs" not in write_report(tmp_path).read_text()


def test_three_seeds_of_one_recipe_are_a_pool_of_their_own(synthetic) -> None:
    names = ("dapo", "dapo-seed2", "dapo-seed3", "grpo")
    judged = Judged.of(session(synthetic, (0.7, 0.6, 0.65, 0.1), ("a",) * 4, names))
    (found,) = judged.pooled["2510.00553:P1.1"]
    assert (found.over, found.runs) == ("3 seeds of dapo", names[:3])


def test_another_kind_of_training_is_in_no_pool_and_no_family(synthetic) -> None:
    synthetic.kind = "SFT"
    names = ("x", "y", "z")
    judged = Judged.of(session(synthetic, (0.7, 0.6, 0.65), names, names))
    assert not any(judged.pooled.values())
    synthetic.kind = "RL"
    alone = Judged.of(session(synthetic, (0.7,), ("a",), ("x",)))
    recovered, control, norms = (alone.p_adjusted(v) for v in alone.family)
    # Two claims answer one question: the smaller p counts twice. The norms are a fact of the run.
    first, second = (verdict.p_value for verdict in alone.family[:2])
    assert second < first
    assert recovered == pytest.approx(first, rel=1e-6)
    assert control == pytest.approx(2 * second, rel=1e-6)
    assert norms is None
