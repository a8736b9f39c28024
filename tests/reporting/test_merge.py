"""`alpharl-bench report DIR1 DIR2`: parts of a session give the report of the whole."""

import json
from copy import deepcopy

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.reporting import load_session, markdown, merge_sessions
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.results import Results, load_results
from tests.processes import ROOT, run_command
from tests.scores import session_of, store_scores, store_session, stored_scores, stored_session

#: Of the sample, the first measured in every way that there is, the others judged by few claims.
FULL, *FEW = ("qwen3-carry-grpo", "qwen3-facts-dapo", "glm4-facts-grpo")


@pytest.fixture(scope="module")
def sample():
    """The sample's session and scores, as JSON."""
    folder = ROOT / "reports" / "sample"
    return stored_session(folder), stored_scores(folder)


def of_runs(sample, names):
    session, scores = sample
    runs = {name: deepcopy(session["runs"][name]) for name in names}
    own = [deepcopy(score) for score in scores if score["provenance"]["run"] in names]
    return {**session, "runs": runs}, own


def store(folder, session, scores):
    folder.mkdir()
    store_session(folder, session)
    store_scores(folder, scores)
    return folder


@pytest.fixture
def parts(sample, tmp_path):
    """A run in two folders, with its scores in both: what a test changes in the second."""
    session, scores = of_runs(sample, FEW[:1])
    scores = scores[:5]
    other, again = deepcopy(session), deepcopy(scores)

    def folders():
        return [store(tmp_path / "a", session, scores), store(tmp_path / "b", other, again)]

    return other["runs"][FEW[0]], again, folders


def test_the_report_of_halves_is_that_of_the_whole(sample, tmp_path):
    session, scores = of_runs(sample, FEW)
    whole = store(tmp_path / "whole", session, scores)
    first, second = (store(tmp_path / name, *of_runs(sample, [name])) for name in FEW)
    # What lies in both is counted once.
    store_scores(second, [*stored_scores(second), *scores[:9]])
    made, judged = Judged.of(merge_sessions([first, second])), Judged.of(load_session(whole))
    assert markdown.report(made) == markdown.report(judged)
    assert Results.of(made).model_dump_json() == Results.of(judged).model_dump_json()


def test_the_command_writes_one_report_of_two_folders(synthetic, tmp_path):
    claims = {"a": ["P1.1"], "b": ["P1.6"]}
    evidence = {synthetic.name: synthetic.evidence({"base": 0.2, "full": 0.8})}
    for folder, judged in claims.items():
        session = session_of([synthetic.spec], evidence, {synthetic.name: judged}, folder)
        session.save(tmp_path / folder)
    done = run_command(
        "report", *(tmp_path / f for f in claims), "--out", tmp_path / "merge_sessions"
    )
    assert done.returncode == 0, done.stderr
    results = load_results(tmp_path / "merge_sessions")
    assert {verdict.claim for verdict in results.verdicts} == {"P1.1", "P1.6"}
    assert results.command == "a; b"
    assert (tmp_path / "merge_sessions" / "report.md").is_file()


def test_claims_of_one_run_may_be_judged_on_two_hosts(sample, tmp_path):
    session, scores = of_runs(sample, [FULL])
    store(tmp_path / "whole", session, scores)
    one, other = deepcopy(session), deepcopy(session)
    left, right = one["runs"][FULL], other["runs"][FULL]
    claims = list(left["claims"])
    left["claims"] = {claim: left["claims"][claim] for claim in claims[:20]}
    right["claims"] = {claim: right["claims"][claim] for claim in claims[18:]}
    here, there = left["tables"], right["tables"]
    for module in here["spectrum"]:
        module.update(effective_rank=None, noise_effective_rank=None)
        module.update(profile=None, noise_profile=None)
    here["dynamics"] = []
    del here["embedding"]
    for name in ("choices", "windows", "decodings"):
        there["scores"][name] = there["scores"][name][3:]
        here["scores"][name] = here["scores"][name][:4]
    for asked, again in zip(*(t["behaviour"]["questions"] for t in (here, there)), strict=True):
        columns = list(asked["columns"])
        asked["columns"] = {name: asked["columns"][name] for name in columns[:4]}
        again["columns"] = {name: again["columns"][name] for name in columns[2:]}
    there["behaviour"].update(tokens=[], examples=[])
    # More samples of a score continue those that the other host has.
    fewer = deepcopy(scores[:30])
    for score in fewer:
        for asked in score["responses"].values():
            for found in asked.values():
                found.update({key: of[:2] for key, of in found.items()})
    folders = store(tmp_path / "a", one, fewer), store(tmp_path / "b", other, scores)
    whole, made = load_session(tmp_path / "whole"), merge_sessions(folders)
    # NaN is not equal to itself, but to its text.
    assert json.dumps(json.loads(made.model_dump_json()), sort_keys=True) == json.dumps(
        json.loads(whole.model_dump_json()), sort_keys=True
    )
    assert sorted(made.scores, key=repr) == sorted(whole.scores, key=repr)
    assert {score.variant for score in merge_sessions(folders[::-1]).scores} == {
        score.variant for score in whole.scores
    }


def test_a_key_with_other_numbers_is_an_error_that_names_both_files(parts):
    _, scores, folders = parts
    asked = scores[3]["responses"]["facts"]
    found = next(iter(asked.values()))
    found["marks"] = "".join("0" if mark == "1" else "1" for mark in found["marks"])
    first, second = folders()
    with pytest.raises(AlphaRLBenchError, match=f"'{scores[3]['variant']}'") as caught:
        merge_sessions([first, second])
    assert f"{first / 'scores.jsonl.zst'} and {second / 'scores.jsonl.zst'}" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("run_digest", "another"),
        ("sampling_key", "another"),
        ("samples_per_question", 8),
        ("dtype", "bfloat16"),
        ("device", "cuda"),
        ("packages", {"torch": "1.0"}),
    ],
)
def test_a_run_that_was_scored_otherwise_is_refused(parts, field, value):
    _, scores, folders = parts
    before = scores[0]["provenance"][field]
    scores[0]["provenance"][field] = before | value if isinstance(value, dict) else value
    shown = field if field != "packages" else "version of torch"
    with pytest.raises(AlphaRLBenchError, match=f"under another {shown} .*; judge them") as caught:
        merge_sessions(folders())
    assert all(
        part in str(caught.value) for part in ("a/scores.jsonl.zst", "b/scores.jsonl.zst", FEW[0])
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("digest", "another"),
        ("steps", [1, 2]),
        ("looks", 8),
        ("options", ["--samples", "8"]),
        ("kind", "SFT"),
    ],
)
def test_another_run_of_the_same_name_is_refused(parts, field, value):
    record, _, folders = parts
    record[field] = value
    first, second = folders()
    named = {"looks": "planned"}.get(field, field)  # The stored name is an older one.
    with pytest.raises(
        AlphaRLBenchError, match=f"'{named}' of run '{FEW[0]}' is not the"
    ) as caught:
        merge_sessions([first, second])
    assert f"{first / 'session.json.zst'} and {second / 'session.json.zst'}" in str(caught.value)


def test_a_figure_of_a_module_that_is_not_the_same_is_refused(parts):
    record, _, folders = parts
    module = record["tables"]["spectrum"][1]
    module["norm"] *= 2
    with pytest.raises(AlphaRLBenchError, match=rf"'spectrum of {module['module']} norm' of"):
        merge_sessions(folders())


def test_the_name_that_a_host_has_for_a_run_is_its_own(parts):
    record, _, folders = parts
    record.update(selected_by=["--run", "/elsewhere"], model="/elsewhere/base")
    made = merge_sessions(folders())
    assert made.runs[FEW[0]].selected_by == ("-k", FEW[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sampling_key": "another"}, "asked the same questions under another sampling_key"),
        ({"seed": 1}, r"asked the same tasks under another seed \(0 and 1\)"),
        ({"dtype": "bfloat16"}, "asked any questions under another dtype"),
        ({"packages": {"torch": "1.0"}}, "asked any questions under another version of "),
    ],
)
def test_runs_that_no_table_can_hold_side_by_side_are_refused(parts, change, message):
    _, scores, folders = parts
    first, second = folders()
    session = stored_session(second)
    session["runs"] = {"another": session["runs"][FEW[0]]}
    for score in scores:
        score["provenance"] |= {"run": "another"} | change
    third = store(second.with_name("c"), session, scores)
    with pytest.raises(
        AlphaRLBenchError, match=f"'{FEW[0]}' and 'another' was {message}"
    ) as caught:
        merge_sessions([first, third])
    assert f"{first / 'scores.jsonl.zst'} and {third / 'scores.jsonl.zst'}" in str(caught.value)


def test_a_run_that_is_asked_other_tasks_stands_beside_the_others(sample, tmp_path):
    played, asked = (
        store(tmp_path / name, *of_runs(sample, [name])) for name in ("qwen3-carry-drgrpo", FEW[1])
    )
    assert list(merge_sessions([played, asked]).runs) == ["qwen3-carry-drgrpo", FEW[1]]


def test_several_folders_need_one_for_what_they_make(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    done = run_command("report", tmp_path / "a", tmp_path / "b")
    assert done.returncode == 2
    assert "by --out" in done.stderr
