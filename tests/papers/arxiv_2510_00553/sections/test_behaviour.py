"""Tables and figures of chains and embeddings; what a model writes is no markup."""

import re
from html import unescape

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alpharl_bench.papers.arxiv_2510_00553.claims import BEHAVIOUR as JUDGING
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.claims import behaviour as b
from alpharl_bench.papers.arxiv_2510_00553.sections import behaviour
from alpharl_bench.reporting import load_session, write_report
from alpharl_bench.reporting.tables import markdown
from alpharl_bench.tables.behaviour import BEHAVIOUR
from tests.behaviours import HOSTILE, behaviour_of
from tests.reporting.pictures import picture
from tests.scores import session_of

JUDGED = [claim.id for claim in JUDGING if claim.judged_on("RL")]


@pytest.fixture
def folder(synthetic, tmp_path):
    evidence = {synthetic.name: synthetic.evidence({"base": 0.2, "full": 0.8})}
    session_of([synthetic.spec], evidence, {synthetic.name: JUDGED}).save(tmp_path)
    return tmp_path


def test_a_stored_session_makes_the_report_again(folder, synthetic):
    (evidence,) = (load_session(folder).evidence(run) for run in load_session(folder).runs)
    assert evidence[BEHAVIOUR] == behaviour_of({"addition": 10, "chain": 10})
    text = write_report(folder).read_text()
    for name in {CLAIMS[claim].curve.name for claim in JUDGED}:
        shown = picture(folder / "figures" / f"{name}.svg")
        assert len(shown.texts) >= 5
        assert shown.colours["#0b6e99"]
    assert "## Critical tokens" in text
    assert "## Answers side by side" in text


def test_tables_by_hand(synthetic):
    evidence = synthetic.evidence({"base": 0.2, "full": 0.8})
    readings = behaviour.figures(CLAIMS["B2"], evidence).set_index("reading")
    row = readings.loc["base reads sampled base"]
    assert str(row["non-greedy"]).startswith("0.200 [")
    assert str(row["perplexity"]).startswith("1.649 [")  # exp(10/20)
    assert str(readings.loc["base reads greedy base"]["non-greedy"]).startswith("0.000 [")
    prefixes = behaviour.figures(CLAIMS["B6"], evidence).set_index("the base goes on from")
    assert str(prefixes.loc["4 tokens of Rank-1"]["part of the gain"]).startswith("1.000 [")
    assert str(prefixes.loc["nothing given: greedy base"]["accuracy"]).startswith("0.000 [")
    places = behaviour.figures(CLAIMS["B5"], evidence).set_index("reading")
    assert places.loc[b.READ_AFTER.label]["20–30 %"] == "0.200"
    assert places.loc[b.READ_AFTER.label]["90–100 %"] == "–"
    shift = behaviour.figures(CLAIMS["B1"], evidence).set_index("")["ours"]
    assert str(shift["their ratio"]) == "0.145"
    assert shift["ratio of the largest displacement"] == "0.190"
    likenesses = behaviour.figures(CLAIMS["B7"], evidence)
    assert list(likenesses["model"]) == ["greedy base", "greedy rank-1", b.ALPHARL.label]


@given(st.text(max_size=40) | st.sampled_from([HOSTILE, "`", "``` |", "\\|", "<b>", "[a](b)"]))
def test_what_a_model_writes_is_text_in_one_cell(text):
    cell = behaviour.seen(text)
    assert cell.isprintable()
    page = MarkdownIt().enable("table").render(markdown(pd.DataFrame([{"said": cell}])))
    (inner,) = re.findall(r"<td[^>]*>(.*?)</td>", page, re.DOTALL)
    assert "<" not in inner
    assert unescape(inner).replace("\u2060", "") == " ".join(cell.split())


@pytest.mark.parametrize(
    ("text", "cell"), [("", "(empty)"), (" + ", "␣+␣"), ("  ", "␣␣"), ("a\n\x1b", "a⏎�")]
)
def test_what_cannot_be_seen_is_shown(text, cell):
    assert behaviour.seen(text) == cell


def test_hostile_answers_break_no_table(folder):
    text = write_report(folder).read_text()
    shown = text.split("## Answers side by side")[1].split("\n## ")[0]
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}
    assert "\x1b" not in text
