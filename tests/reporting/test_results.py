"""results.json against its published schema, with a validator that is not ours."""

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.reporting.results import load_results, schema
from tests.evidence import altered
from tests.reporting.test_front import FEW, evidence_of
from tests.scores import session_of, stored_scores, write_results

SAMPLE = Path(__file__).parents[2] / "reports" / "sample"
SCHEMA = json.loads((files("alpharl_bench.reporting") / "results.schema.json").read_text())


@pytest.fixture
def folder(synthetic, tmp_path):
    evidence = {synthetic.name: evidence_of(synthetic)}
    session_of([synthetic.spec], evidence, {synthetic.name: [*FEW, "P1.6"]}).save(tmp_path)
    write_results(tmp_path)
    return tmp_path


def test_the_published_schema_is_that_of_the_code():
    assert json.loads(schema()) == SCHEMA, "write what results.schema() gives to the file"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_sample_and_a_new_report_are_valid(folder):
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for stored in (SAMPLE, folder):
        validator.validate(json.loads((stored / "results.json").read_text()))


def test_a_file_with_a_fault_is_not_valid(folder):
    whole = json.loads((folder / "results.json").read_text())
    whole["verdicts"][0]["outcome"] = "maybe"
    del whole["runs"]["qwen3-facts-grpo"]["kind"]
    faults = list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(whole))
    assert len(faults) == 2


def test_the_numbers_are_those_of_the_scores(folder):
    results = load_results(folder)
    recovered, control, norms = results.verdicts
    # 0.7 of 0.8; the control is at 0.2.
    assert recovered.value.estimate == pytest.approx(0.875)
    assert recovered.value.low <= 0.875 <= recovered.value.high
    asked = results.claims["P1.1"]
    assert (asked.threshold.low, asked.threshold.high) == (0.99, None)
    assert (asked.origin, asked.practical.low) == ("printed", 0.95)
    assert recovered.control.estimate == pytest.approx(0.2)
    assert (recovered.known, control.known) == (True, False)
    assert (recovered.count, recovered.samples) == (20, 4)
    assert norms.control is None
    assert (results.claims["P1.6"].units, norms.count, norms.samples) == ("modules", 4, 0)
    run = results.runs["qwen3-facts-grpo"]
    assert run.learned is True
    assert run.accuracies["rank-1"].accuracy.estimate == pytest.approx(0.7)
    assert run.accuracies["rank-1"].tasks == pytest.approx({"addition": 0.7, "chain": 0.7})
    for score in stored_scores(folder):
        marks = [[r["marks"] for r in asked.values()] for asked in score["responses"].values()]
        means = [np.mean([m.count("1") / len(m) for m in task]) for task in marks]
        known = run.accuracies[score["variant"]].accuracy
        assert known.estimate == pytest.approx(np.mean(means))


def test_of_too_few_questions_there_is_no_bound(synthetic, tmp_path):
    evidence = evidence_of(synthetic)
    lonely = {
        label: score.model_copy(
            update={"responses": {t: {"q0": a["q0"]} for t, a in score.responses.items()}}
        )
        for label, score in evidence.scores.items()
    }
    known = {synthetic.name: altered(evidence, scores=lonely)}
    session_of([synthetic.spec], known, {synthetic.name: FEW}).save(tmp_path)
    write_results(tmp_path)
    run = load_results(tmp_path).runs[synthetic.name]
    assert run.learned is None
    trained = run.accuracies["full"].accuracy
    assert (trained.estimate, trained.low, trained.high) == (1, None, None)


def test_results_that_are_missing_or_of_another_format_are_one_line(folder):
    with pytest.raises(AlphaRLBenchError, match="alpharl-bench report DIR"):
        load_results(folder / "nowhere")
    file = folder / "results.json"
    whole = json.loads(file.read_text())
    for broken in ("{", "[]", json.dumps(whole | {"format": "0"})):
        file.write_text(broken)
        with pytest.raises(AlphaRLBenchError, match="not results of this version") as caught:
            load_results(folder)
        assert "\n" not in str(caught.value)
