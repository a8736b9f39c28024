"""The first page and bad input: many runs, none, interrupted ones, hostile names."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.reporting import Session, write_report
from alpharl_bench.reporting.judged import LISTED
from tests.evidence import altered
from tests.reporting.hostile import NAME
from tests.scores import session_of, store_scores, store_session, stored_session

FEW = ["P1.1", "P1.1-control"]
NEEDED = ("base", "full", "rank-1", *(f"random-rank-1 #{i}" for i in range(3)))


def evidence_of(synthetic, rank1=0.7, **changed):
    known = {"base": 0.2, "full": 0.8, "rank-1": rank1} | dict.fromkeys(NEEDED[3:], 0.2) | changed
    evidence = synthetic.evidence(known)
    scores = {label: evidence.scores[label] for label in NEEDED}
    # Without dynamics, of which every run has pictures that take seconds to draw.
    return altered(evidence, scores=scores, dynamics=[])


def many(synthetic, accuracies, folder, claims=None):
    """The report of a run for each accuracy of Rank-1, each judged by a few claims or its own."""
    specs, evidence = [], {}
    for i, rank1 in enumerate(accuracies):
        synthetic.name = f"run-{i}"
        specs.append(synthetic.spec)
        evidence[synthetic.name] = evidence_of(synthetic, rank1)
    judged = zip(evidence, claims or [FEW] * len(evidence), strict=True)
    session_of(specs, evidence, dict(judged)).save(folder)
    return write_report(folder).read_text()


def page(text):
    return text.split("\n## Property")[0]


def test_claims_stand_under_what_became_of_them(synthetic, tmp_path):
    text = page(many(synthetic, [0.7, 0.6], tmp_path))
    holds, fails = text.split("**What does not hold**")
    assert "**P1.1-control**" in holds.split("**What holds**")[1]
    # 0.7 and 0.6 of 0.8.
    (line,) = [line for line in fails.splitlines() if line.startswith("- **P1.1** ")]
    assert "2 refuted of 2: 0.750 … 0.875, asked for ≥ 0.99" in line
    assert "0.9917" in line


def test_runs_that_differ_are_said_to(synthetic, tmp_path):
    text = page(many(synthetic, [0.8, 0.4], tmp_path))
    (line,) = [line for line in text.splitlines() if line.startswith("- **P1.1** ")]
    assert "1 supported, 1 refuted of 2" in line
    assert text.index("What holds of some runs and not of others") < text.index(line)


def test_of_many_runs_some_are_listed_and_all_are_counted(synthetic, tmp_path):
    total = LISTED + 3
    text = many(synthetic, [0.7] * (total - 1) + [0.4], tmp_path)
    assert f"{total} refuted of {total}: 0.500 … 0.875" in page(text)
    assert "3 more are in `results.json`" in page(text)
    (row,) = [line for line in page(text).splitlines() if line.startswith("| P1.1 ")]
    assert [cell.strip() for cell in row.split("|")][3:5] == ["0", str(total)]
    assert f"<summary>run-{LISTED - 1}<" in text
    assert f"<summary>run-{LISTED}<" not in text
    # The matrix has all of them.
    assert f"| run-{LISTED + 1} | ✗ | ✓ |" in re.sub(" +", " ", text)
    results = json.loads((tmp_path / "results.json").read_text())
    assert len(results["runs"]) == total
    assert len(results["verdicts"]) == 2 * total
    assert len(ET.parse(tmp_path / "junit.xml").findall(".//testcase")) == 2 * total  # noqa: S314


def test_runs_with_most_verdicts_are_shown(synthetic, tmp_path):
    claims = [FEW[:1]] * (LISTED + 1) + [FEW]
    text = many(synthetic, [0.7] * len(claims), tmp_path, claims)
    shown = re.findall(r"<summary>(run-\d+)<", text)
    assert shown == [f"run-{i}" for i in (LISTED + 1, *range(LISTED - 1))]


def test_a_claim_of_hidden_runs_alone_says_so(synthetic, tmp_path):
    claims = [FEW[:1]] * LISTED + [FEW[1:]]
    text = many(synthetic, [0.7] * len(claims), tmp_path, claims)
    (section,) = [part for part in text.split("\n### ") if part.startswith("P1.1-control ")]
    assert "judged on none of the runs that are shown" in section
    figures = re.findall(r"]\((figures/.*?)\)", text)
    assert figures
    assert all((tmp_path / figure).is_file() for figure in figures)


def test_many_combinations_are_told_by_model_and_algorithm(synthetic, tmp_path):
    specs, evidence = [], {}
    for i in range(14):
        synthetic.name = f"run-{i}"
        specs.append(replace(synthetic.spec, model=f"model-{i}", algorithm=f"way-{i % 3}"))
        evidence[synthetic.name] = evidence_of(synthetic)
    session_of(specs, evidence, dict.fromkeys(evidence, FEW)).save(tmp_path)
    told = page(write_report(tmp_path).read_text())
    assert "14 models (model-0, " in told
    assert "model-11, …), trained by 3 algorithms (way-0 (RL), way-1 (RL), way-2 (RL))" in told


def test_an_interrupted_session_says_so(synthetic, tmp_path):
    evidence = {synthetic.name: evidence_of(synthetic)}
    session = session_of([synthetic.spec], evidence, {synthetic.name: FEW[:1]})
    session.model_copy(update={"interrupted": True}).save(tmp_path)
    assert "The session was interrupted" in write_report(tmp_path).read_text()
    assert json.loads((tmp_path / "results.json").read_text())["interrupted"] is True


def test_without_a_run_there_is_a_page_that_says_so(tmp_path):
    Session(command="pytest", date="2026-01-01", runs={}).save(tmp_path)
    text = write_report(tmp_path).read_text()
    assert text.startswith("# 0 claims judged on 0 training runs")
    assert "No claim was judged." in text
    for name in ("report.html", "results.json", "junit.xml"):
        assert (tmp_path / name).is_file()


def test_claims_without_any_score_are_an_error_that_names_the_run(synthetic, tmp_path):
    evidence = {synthetic.name: evidence_of(synthetic)}
    session_of([synthetic.spec], evidence, {synthetic.name: FEW}).save(tmp_path)
    store_scores(tmp_path, [])
    with pytest.raises(AlphaRLBenchError, match=f"{synthetic.name}.*no stored score"):
        write_report(tmp_path)
    assert not (tmp_path / "report.md").exists()


def test_scores_of_modules_alone_are_enough_for_claims_about_them(synthetic, tmp_path):
    evidence = {synthetic.name: evidence_of(synthetic)}
    session_of([synthetic.spec], evidence, {synthetic.name: ["P1.6"]}).save(tmp_path)
    store_scores(tmp_path, [])
    assert "### P1.6" in write_report(tmp_path).read_text()


def test_a_session_of_another_version_says_what_to_do(synthetic, tmp_path):
    evidence = {synthetic.name: evidence_of(synthetic)}
    session_of([synthetic.spec], evidence, {synthetic.name: FEW}).save(tmp_path)
    stored = stored_session(tmp_path)
    del stored["runs"][synthetic.name]["steps"]
    store_session(tmp_path, stored)
    with pytest.raises(AlphaRLBenchError, match=r"steps.*judge the runs again") as caught:
        write_report(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_hostile_name_is_text_in_every_file(synthetic, tmp_path):
    synthetic.name = NAME
    spec = replace(synthetic.spec, model=NAME, origin=NAME, deviations=NAME)
    session = session_of([spec], {NAME: evidence_of(synthetic)}, {NAME: FEW}, command=NAME)
    session.save(tmp_path)
    text = write_report(tmp_path).read_text()
    html = (tmp_path / "report.html").read_text()
    for markup in ("<script>alert", "<img src=x", "<b>", 'href="javascript'):
        assert markup not in html
    pictures = re.compile(r"<img src='data:image/svg\+xml,[^'&\n]*' ")
    assert pictures.search(html)
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", pictures.sub("<img ", html))
    assert html.count("<script>") == 1
    assert "\x1b" not in text + html
    cases = ET.parse(tmp_path / "junit.xml").findall(".//testcase")  # noqa: S314
    assert len(cases) == len(FEW)
    assert "<script>alert(1)</script>" in cases[0].get("name")
    assert json.loads((tmp_path / "results.json").read_text())["verdicts"][0]["run"] == NAME
