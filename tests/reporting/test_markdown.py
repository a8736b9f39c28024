import re
import shlex
from dataclasses import replace

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.reporting import write_report
from alpharl_bench.reporting.claim_sections import commands
from tests.conftest import SyntheticRun
from tests.evidence import altered
from tests.reporting.pictures import picture
from tests.scores import session_of, store_scores, stored_scores

GRPO, DAPO = "qwen3-facts-grpo", "qwen3-facts-dapo"
JUDGED = [name for name, claim in CLAIMS.items() if claim.judged_on("RL")]
ACCURACIES = {
    "base": 0.2,
    "full": 0.8,
    "all modules": 0.8,
    "rank-1": 0.7,
    "random-rank-1 #0": 0.2,
}


def stored(folder):
    synthetic = SyntheticRun()
    evidence, specs = {}, []
    for name in (GRPO, DAPO):
        synthetic.name = name
        specs.append(synthetic.spec)
        evidence[name] = synthetic.evidence(ACCURACIES)
    claims = dict.fromkeys(evidence, JUDGED)
    session_of(specs, evidence, claims, "pytest suites -k qwen3").save(folder)
    return folder


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of all claims on two runs; its figures take seconds."""
    return write_report(stored(tmp_path_factory.mktemp("report")))


def test_a_command_chooses_the_lane_of_its_runs_and_a_folder_alone(tmp_path):
    chosen = {
        GRPO: ("-k", GRPO),
        DAPO: ("-k", DAPO),
        "small-a": ("--lane", "smol", "-k", "small-a"),
        "small-b": ("--lane", "smol", "-k", "small-b"),
        "mine": ("--run", "mine", "--base", "org/base"),
        "yours": ("--run", "yours", "--base", "org/base"),
    }
    synthetic, specs, evidence = SyntheticRun(), [], {}
    for name, selected_by in chosen.items():
        synthetic.name = name
        specs.append(replace(synthetic.spec, selected_by=selected_by))
        evidence[name] = synthetic.evidence(ACCURACIES)
    claims = {name: ["P1.1"] for name in evidence}
    session = session_of(specs, evidence, claims, "pytest suites")
    # The last two are the samples.
    words = [shlex.split(line) for line in commands(CLAIMS["P1.1"], list(chosen), session)]
    assert [line[4:-2] for line in words] == [
        ["-k", f"{GRPO} or {DAPO}"],
        ["--lane", "smol", "-k", "small-a or small-b"],
        ["--run", "mine", "--base", "org/base"],
        ["--run", "yours", "--base", "org/base"],
    ]


def test_every_claim_has_a_section_with_table_figure_and_command(report):
    text = report.read_text()
    sections = {s.split(" ", 1)[0]: s for s in re.split(r"\n##+ ", text)[1:]}
    drawn = set()
    for claim in map(CLAIMS.get, JUDGED):
        section = sections[claim.id]
        assert claim.text in section
        assert claim.paper_ref.place in section
        assert claim.printed.statistic in section
        (command,) = [line for line in section.splitlines() if line.startswith("pytest ")]
        options = shlex.split(command)
        assert options[options.index("-m") + 1] == f"claim(id='{claim.id}')"
        assert options[options.index("-k") + 1] == f"{GRPO} or {DAPO}"
        figures = re.findall(r"!\[.*?\]\((.*?)\)", section)
        # Claims that compare the same variants share a figure, shown once.
        assert len(figures) == 1 or claim.curve.name in drawn
        drawn.add(claim.curve.name)
        for figure in figures:
            assert picture(report.parent / figure).width > 400
    assert "Provenance" in text
    assert "0123456789abcdef" in text


def test_the_numbers_are_those_of_the_scores(report):
    text = report.read_text()
    beside, variants = (
        [cell.strip() for cell in row.split("|")[1:-1]]
        for part in ("\n### P1.1 ", "\n## Every variant")
        for row in [r for r in text.split(part)[1].splitlines() if r.startswith("| Rank-1 ")][:1]
    )
    # 0.7 of 0.8 is 0.875; (0.7 - 0.2) / (0.8 - 0.2) is 0.833.
    assert variants[1].startswith("0.700 [")
    assert variants[2].startswith("0.875 [")
    assert variants[3].startswith("0.833 [")
    assert beside[1].startswith("0.875 [")
    assert beside[-1] == "0.9917"


def test_the_summary_counts_verdicts_and_marks_what_is_known(report):
    text = report.read_text()
    summary = text.split("## Summary")[1].split("## Runs")[0]
    assert "supported" in summary
    rows = [
        line for line in summary.splitlines() if line.startswith(("| P1", "| P2", "| A", "| B"))
    ]
    assert len(rows) == len(JUDGED)
    assert any("refuted (known)" in row for row in rows if row.startswith("| P1.1 "))


def test_the_summary_says_how_many_verdicts_survive_together(report):
    summary = report.read_text().split("## Summary")[1].split("## Runs")[0]
    (decided,) = re.search(
        r"\d+ of (\d+) decided verdicts survive Holm's correction", summary
    ).groups()
    told = next(line for line in summary.splitlines() if line.startswith("Verdicts: "))
    assert "by lines of the paper " in told
    assert "by lines of ours " in told
    counts = [int(n) for n, _ in re.findall(r"(\d+) (supported|refuted)", told)]
    assert int(decided) == sum(counts)
    assert "among the claims and runs that answer one question" in summary


def test_a_report_on_tasks_of_one_question_has_no_intervals_and_no_verdicts(synthetic, tmp_path):
    evidence = synthetic.evidence({"base": 0.2, "full": 0.8})
    lonely = {
        label: score.model_copy(
            update={"responses": {t: {"q0": a["q0"]} for t, a in score.responses.items()}}
        )
        for label, score in evidence.scores.items()
    }
    evidence = altered(evidence, scores=lonely)
    claims = {GRPO: ["P1.1", "P1.3"]}
    session_of([synthetic.spec], {GRPO: evidence}, claims).save(tmp_path)
    text = write_report(tmp_path).read_text()
    assert (
        "Verdicts: by lines of the paper 1 inconclusive; by lines of ours 1 inconclusive.\n" in text
    )
    assert "[no interval]" in text
    assert "too few questions for an interval" in text
    assert not re.search(r"\b(nan|inf)\b", text, re.IGNORECASE)


def test_a_report_made_again_is_the_same_byte_for_byte(report):
    names = ("report.md", "report.html", "results.json", "junit.xml")
    first = [(report.parent / name).read_bytes() for name in names]
    write_report(report.parent)
    assert [(report.parent / name).read_bytes() for name in names] == first


def test_a_missing_score_is_an_error_and_never_a_number(tmp_path):
    folder = stored(tmp_path)
    store_scores(folder, [s for s in stored_scores(folder) if s["variant"] != "rank-1"])
    with pytest.raises(AlphaRLBenchError, match="no stored score of 'rank-1'"):
        write_report(folder)


def test_a_run_that_did_not_learn_gets_no_verdict(synthetic, tmp_path):
    evidence = {GRPO: synthetic.evidence({"base": 0.5, "full": 0.5})}
    session_of([synthetic.spec], evidence, {GRPO: ["P1.1"]}).save(tmp_path)
    text = write_report(tmp_path).read_text()
    assert "inconclusive" in text
    assert "the run did not learn" in text
    assert "did not learn (" in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)


def test_the_sections_are_in_the_order_of_the_paper(report):
    text = report.read_text()
    headings = re.findall(r"\n## (.*)", text)
    order = ["Summary", "Runs", "Property 1", "Property 2", "Dynamics", "AlphaRL", "The paper's"]
    at = [next(i for i, h in enumerate(headings) if h.startswith(start)) for start in order]
    assert at == sorted(at)
    claims = re.findall(r"\n### (\S+) ", text)
    assert [claim for claim in claims if claim in CLAIMS] == JUDGED


def test_every_figure_of_a_claim_s_place_is_in_the_index(report):
    index = report.read_text().split("## The paper's figures and tables")[1]
    index = index.split("\n## ")[0]
    row = next(line for line in index.splitlines() if line.startswith("| Figure 4b "))
    assert "P1.5-saturation, P1.5-peak" in row.split("|")[2]
    # Of other kinds than the runs: not judged.
    row = next(line for line in index.splitlines() if line.startswith("| Figure 3a "))
    assert "P1.7" in row.split("|")[3]
    named = {line.split("|")[1].strip() for line in index.splitlines() if "|" in line}
    assert {"Table 1", "Table 3", "Figure 5a", "Figure 6c", "Figure 15"} <= named
