import json

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.reporting import Measured, Session, load_session, write_report
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.provenance import provenance
from alpharl_bench.reporting.results import load_results
from alpharl_bench.spectral import Coverage
from alpharl_bench.tables.spectrum import SPECTRUM
from tests.evidence import altered
from tests.scores import session_of, write_results

NAME = "qwen3-facts-grpo"


def stored(synthetic, folder, claims=("P1.1", "P1.6")):
    evidence = synthetic.evidence({"base": 0.2, "full": 0.8})
    session = session_of([synthetic.spec], {NAME: evidence}, {NAME: list(claims)}, "pytest suites")
    session.save(folder)
    return session


def test_what_is_saved_is_loaded(synthetic, tmp_path):
    session = stored(synthetic, tmp_path)
    loaded = load_session(tmp_path)
    # NaN is not equal to itself, but to its text.
    assert repr(loaded) == repr(session)
    before, after = synthetic.evidence({"base": 0.2, "full": 0.8}), loaded.evidence(NAME)
    assert after.scores == before.scores
    assert list(after[SPECTRUM]) == list(before[SPECTRUM])
    assert tuple(after.steps) == tuple(before.steps)
    assert loaded.runs[NAME].options == ("--samples", "4")


def test_what_stays_at_the_base_is_stored_and_told(synthetic, tmp_path):
    evidence = synthetic.evidence({"base": 0.2, "full": 0.8})
    held = Coverage(
        modules=0.75,
        left={"norms": 0.25},
        named={"norms": ["model.norm.weight"]},
        still={},
        dtypes=["bfloat16"],
        rounded=1.0,
        floor=0.5,
        apart=[],
    )
    measured = Measured(synthetic.spec, evidence, {"P1.1": 4}, (), (4,), coverage=held)
    Session.of([measured], "pytest suites").save(tmp_path)
    loaded = load_session(tmp_path)
    assert loaded.runs[NAME].coverage == held
    section = provenance(Judged.of(loaded))
    assert "the modules hold 75.0% of ‖ΔW‖²; at the base stay norms 25.0%" in section
    assert "rounding the base is 0.5 times ‖ΔW‖" in section
    write_results(tmp_path)
    moved = load_results(tmp_path).runs[NAME].coverage
    assert (moved.modules, moved.left, moved.floor) == (0.75, {"norms": 0.25}, 0.5)


def test_a_claim_is_seen_with_the_samples_that_it_was_judged_by(synthetic, tmp_path):
    evidence = synthetic.evidence({"base": 0.2, "full": 0.8})
    session = session_of([synthetic.spec], {NAME: evidence}, {NAME: ["P1.1", "P1.5-peak"]})
    # P1.1 was decided after two of the four samples that another claim went on to take.
    runs = {NAME: session.runs[NAME].model_copy(update={"claims": {"P1.1": 2, "P1.5-peak": 4}})}
    session.model_copy(update={"runs": runs}).save(tmp_path)
    loaded = load_session(tmp_path)
    assert loaded.evidence(NAME, "P1.5-peak").scores == evidence.scores
    assert loaded.evidence(NAME, "P1.1").scores == evidence.limited(2).scores
    assert loaded.evidence(NAME, "P1.1").samples == 2


def test_an_update_of_zero_is_stored_as_what_it_is(synthetic, tmp_path):
    nothing = float("nan")
    evidence = synthetic.evidence({})
    module = evidence[SPECTRUM][0].__class__(
        "m.mlp.up_proj.weight", 0.0, nothing, nothing, 0.1, 0.1
    )
    zero = altered(evidence, spectrum=[module])
    session_of([synthetic.spec], {NAME: zero}, {NAME: ["P1.6"]}).save(tmp_path)
    (loaded,) = load_session(tmp_path).evidence(NAME)[SPECTRUM]
    assert loaded.rank1_fraction != loaded.rank1_fraction  # NaN, and neither 0 nor missing


def test_a_folder_without_a_session_says_what_makes_one(tmp_path):
    with pytest.raises(AlphaRLBenchError, match="pytest suites --report DIR"):
        load_session(tmp_path)


def test_a_folder_that_cannot_be_written_to_is_named(synthetic, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AlphaRLBenchError, match=r"report folder .*file"):
        stored(synthetic, tmp_path / "file" / "report")


# ---- damaged and hostile sessions ----

DAMAGE = {
    "a negative step": lambda session, run: run.update(steps=[-2]),
    "no analysis of a sample": lambda session, run: run.update(planned=[0]),
    "a negative count": lambda session, run: run.update(claims={"P1.1": -1}),
    "no date": lambda session, run: session.update(date="yesterday"),
    "an empty date": lambda session, run: session.update(date=""),
    "no command": lambda session, run: session.pop("command"),
    "a list of runs": lambda session, run: session.update(runs=[]),
    "another table": lambda session, run: run["tables"].update(spectrum=7),
    "a row that is none": lambda session, run: run["tables"].update(dynamics=[None]),
    "a huge figure": lambda session, run: run["tables"].update(spectrum=[{"norm": 10**400}]),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_session_is_one_line(synthetic, tmp_path, kind):
    session = json.loads(stored(synthetic, tmp_path).model_dump_json())
    DAMAGE[kind](session, session["runs"][NAME])
    (tmp_path / "session.json.zst").unlink()
    (tmp_path / "session.json").write_text(json.dumps(session))
    with pytest.raises(AlphaRLBenchError, match="not a whole session of this version") as caught:
        load_session(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("responses", [{}, {"addition": {}}])
def test_a_score_of_no_question_is_refused(synthetic, tmp_path, responses):
    session = stored(synthetic, tmp_path)
    score = json.loads(session.scores[0].model_dump_json()) | {"responses": responses}
    (tmp_path / "scores.jsonl.zst").unlink()
    (tmp_path / "scores.jsonl").write_text(json.dumps(score))
    with pytest.raises(AlphaRLBenchError, match="not a file of scores"):
        load_session(tmp_path)


def test_parts_that_do_not_fit_together_are_one_line(synthetic, tmp_path):
    session = json.loads(stored(synthetic, tmp_path).model_dump_json())
    for row in session["runs"][NAME]["tables"]["dynamics"]:
        row["null_r_squared"].pop("random directions")
    (tmp_path / "session.json.zst").unlink()
    (tmp_path / "session.json").write_text(json.dumps(session))
    with pytest.raises(AlphaRLBenchError, match="its parts do not fit together") as caught:
        write_report(tmp_path)
    assert str(tmp_path / "session.json") in str(caught.value)
