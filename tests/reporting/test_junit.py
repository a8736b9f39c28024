"""junit.xml as a parser that is not ours reads it, outcome by outcome."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from alpharl_bench.claims import Interval, Outcome, Verdict, holm
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.junit import junit
from tests.scores import session_of

KNOWN, NEW, SFT = "qwen3-facts-grpo", "mine \x01 ]]> & <b>", "qwen3-facts-sft"


@pytest.fixture
def session(synthetic):
    specs, evidence = [], {}
    for name, kind in ((KNOWN, "RL"), (NEW, "RL"), (SFT, "SFT"), ("idle", "RL")):
        synthetic.name, synthetic.kind = name, kind
        specs.append(synthetic.spec)
        evidence[name] = synthetic.evidence({})
    claims = {name: [] if name == "idle" else ["P1.1"] for name in evidence}
    return session_of(specs, evidence, claims)


def cases(session, outcome):
    value = Interval(0.9, 0.8, 0.95)
    verdict = Verdict(CLAIMS["P1.1"], "", outcome, value, 30, 4, samples_needed=9)
    by_run = {
        run: replace(verdict, run=run, kind="SFT" if run == SFT else "RL")
        for run in (KNOWN, NEW, SFT)
    }
    text = junit(Judged(session, {verdict.claim.qualified_id: by_run}, holm(by_run.values())))
    root = ET.fromstring(text)  # noqa: S314
    return root, {case.get("name"): case for case in root.iter("testcase")}


def results(case):
    return [child.tag for child in case if child.tag != "system-out"]


@pytest.mark.parametrize(
    ("outcome", "known", "new", "contrast"),
    [
        (Outcome.SUPPORTED, ["failure"], [], []),
        (Outcome.REFUTED, ["skipped"], ["failure"], []),
        (Outcome.INCONCLUSIVE, ["skipped"], ["skipped"], ["skipped"]),
        (Outcome.NOT_INFORMATIVE, ["skipped"], ["skipped"], ["skipped"]),
    ],
)
def test_every_outcome_is_what_pytest_makes_of_it(session, outcome, known, new, contrast):
    root, found = cases(session, outcome)
    assert set(found) == {KNOWN, "mine ]]> & <b>", SFT, "idle"}
    assert results(found[KNOWN]) == known
    assert results(found["mine ]]> & <b>"]) == new
    assert results(found[SFT]) == contrast
    assert results(found["idle"]) == ["skipped"]
    assert int(root.get("tests")) == 4
    for tag, attribute in (("failure", "failures"), ("skipped", "skipped")):
        assert int(root.get(attribute)) == len(list(root.iter(tag)))


def test_a_case_tells_the_numbers_and_why_it_is_known(session):
    _, found = cases(session, Outcome.REFUTED)
    message = found[KNOWN].find("skipped").get("message")
    assert message.startswith(
        f"known: {session.runs[KNOWN].expect[CLAIMS['P1.1'].qualified_id].reason}"
    )
    assert "0.900 [0.800, 0.950]" in message
    assert "≥ 0.99" in found["mine ]]> & <b>"].find("failure").get("message")
