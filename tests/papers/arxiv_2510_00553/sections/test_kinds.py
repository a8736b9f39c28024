"""The tables over kinds of training, and the figure of their spectra."""

import re
from dataclasses import replace

import pytest

from alpharl_bench.claims.measures import recovered_gain, relative_accuracy
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.sections import kinds
from alpharl_bench.reporting import svg
from alpharl_bench.reporting.views import view_of
from alpharl_bench.spectral import PROFILE
from alpharl_bench.tables.spectrum import SPECTRUM
from tests.evidence import altered
from tests.reporting.pictures import picture
from tests.scores import report_text, session_of

GRPO, SFT, DPO = "qwen3-facts-grpo", "qwen3-facts-sft", "qwen3-facts-dpo"
KINDS = {DPO: "DPO", GRPO: "RL", SFT: "SFT"}
ORDERED = {SFT: "SFT", DPO: "DPO", GRPO: "RL"}
ACCURACIES = {
    GRPO: {"base": 0.2, "full": 0.8, "rank-1": 0.7, "rank-90%": 0.8, "random-rank-1 #0": 0.2},
    SFT: {"base": 0.2, "full": 0.6, "rank-1": 0.1, "rank-10%": 0.2, "rank-90%": 0.5},
    DPO: {"base": 0.2, "full": 0.4, "rank-1": 0.3},
}


@pytest.fixture
def session(synthetic):
    evidence, specs = {}, []
    for name, kind in KINDS.items():
        synthetic.name, synthetic.kind = name, kind
        synthetic.effective_rank = 80.0 if kind == "SFT" else 30.0
        specs.append(synthetic.spec)
        evidence[name] = synthetic.evidence(ACCURACIES[name])
    claims = {
        name: [c for c, claim in CLAIMS.items() if claim.judged_on(kind)]
        for name, kind in KINDS.items()
    }
    return session_of(specs, evidence, claims)


def test_norms_stand_beside_the_paper_s_in_its_order(session):
    frame = kinds.norms(session, ORDERED)
    assert list(frame["run"]) == [SFT, "(paper)", DPO, "(paper)", GRPO, "(paper)"]
    assert list(frame["on-policy sampling"]) == ["no"] * 4 + ["yes"] * 2
    # Modules of norms 1, 2, 3 and 4.
    assert list(frame["average ‖ΔW‖"]) == ["2.5", "10.75", "2.5", "0.79", "2.5", "0.01"]
    fractions = frame.set_index("run")["Rank-1 fraction (Gaussian)"]
    assert fractions[GRPO] == "0.500 (0.100)"
    assert list(fractions["(paper)"]) == ["0.077", "0.1142", "0.193"]


def test_the_rank_dependence_by_hand(session):
    frame = kinds.rank_dependence(session, ORDERED, relative_accuracy, paper=True)
    cells = frame.set_index("run")
    # 0.1/0.6, 0.5/0.6 and, of RL, 0.7/0.8.
    assert cells.loc[SFT, "Rank-1"].startswith("0.167 [")
    assert cells.loc[SFT, "Rank-90 %"].startswith("0.833 [")
    assert cells.loc[GRPO, "Rank-1"].startswith("0.875 [")
    assert list(cells.loc["(paper)", "Rank-1"]) == ["0.025", "0.6225", "1"]
    gains = kinds.rank_dependence(session, ORDERED, recovered_gain, paper=False).set_index("run")
    # (0.1 − 0.2)/(0.6 − 0.2), (0.2 − 0.2)/0.4 and (0.7 − 0.2)/(0.8 − 0.2).
    assert gains.loc[SFT, "Rank-1"].startswith("-0.250 [")
    assert gains.loc[SFT, "Rank-10 %"].startswith("0.000 [")
    assert gains.loc[GRPO, "Rank-1"].startswith("0.833 [")
    assert "(paper)" not in gains.index


def test_spectra_are_compared_with_those_of_rl_on_the_same_modules(session):
    cells = kinds.spectra(session, ORDERED).set_index("run")
    # Effective ranks 80 … 83 and 30 … 33 over 100 in every module: 0.815 − 0.315 = 0.5 in all.
    assert cells.loc[SFT, "minus RL"] == "0.500"
    assert cells.loc[DPO, "minus RL"] == "0.000"
    assert cells.loc[GRPO, "minus RL"] == "–"
    assert cells.loc[GRPO, "ratio"] == "0.315"
    assert cells.loc[SFT, "effective rank (Gaussian)"] == "81.5 (100.0)"
    # 1/0.5² and 1/0.1².
    assert cells.loc[SFT, "stable rank (Gaussian)"] == "4.0 (100.0)"


def test_the_section_is_there_for_models_with_runs_of_two_kinds_alone(session):
    (text,) = kinds.sections(session)
    assert text.count("### qwen3-facts") == 1
    assert text.count("| SFT ") == 4 + 2  # a row a table, and the paper's in two of them
    one = {name: record for name, record in session.runs.items() if name == GRPO}
    assert kinds.sections(session.model_copy(update={"runs": one})) == []
    apart = {
        name: record.model_copy(update={"model": f"base of {name}"})
        for name, record in session.runs.items()
    }
    assert kinds.sections(session.model_copy(update={"runs": apart})) == []


def test_what_was_not_scored_is_left_out(session):
    few, none = (
        session.model_copy(
            update={"scores": tuple(s for s in session.scores if s.variant in variants)}
        )
        for variants in ({"base", "full", "rank-1"}, {"rank-1"})
    )
    frame = kinds.rank_dependence(few, ORDERED, relative_accuracy, paper=True)
    assert set(frame[frame["run"] == SFT]["Rank-50 %"]) == {"–"}
    assert "–" not in set(frame["Rank-1"])
    assert len(kinds.rank_dependence(none, ORDERED, relative_accuracy, paper=True)) == 0


def test_a_run_that_did_not_learn_is_no_kind_to_compare(session):
    runs = {
        name: record.model_copy(update={} if name == GRPO else {"claims": {}})
        for name, record in session.runs.items()
    }
    assert kinds.sections(session.model_copy(update={"runs": runs})) == []


def test_the_report_marks_contrasts_and_counts_them_apart(session, tmp_path):
    session.save(tmp_path)
    text = report_text(tmp_path)
    summary = text.split("## Summary")[1].split("## Runs")[0]
    row = next(line for line in summary.splitlines() if line.startswith("| P1.1 "))
    # Whether it survives among all depends on how many there are.
    dpo, grpo, sft = (cell.strip().removesuffix(" †") for cell in row.split("|")[3:6])
    assert sft == "✗ refuted (contrast)"
    assert "(contrast)" not in grpo
    assert dpo.endswith("(contrast)")
    row = next(line for line in summary.splitlines() if line.startswith("| P1.7 "))
    cells = [cell.strip().removesuffix(" †") for cell in row.split("|")[3:6]]
    assert cells == ["", "", "✓ supported (our line)"]
    heading = next(line for line in summary.splitlines() if line.startswith("Verdicts: "))
    count = sum(
        map(
            int,
            re.findall(
                r"(\d+) (?:supported|refuted|inconclusive|not informative|measured)", heading
            ),
        )
    )
    assert count == sum(len(record.claims) for record in session.runs.values())
    assert "; for contrast " in heading
    assert "## Kinds of training side by side" in text


def test_spectra_are_drawn_in_a_colour_a_kind(session, tmp_path):
    evidence = [session.evidence(name) for name in KINDS]
    zero = replace(evidence[0][SPECTRUM][0], profile=(1.0, *[0.0] * (len(PROFILE) - 1)))
    evidence.append(altered(evidence[0], run="of one direction", spectrum=[zero] * 3))
    view_of(CLAIMS["P1.8"]).draw(CLAIMS["P1.8"], evidence, tmp_path / "low-rank.svg")
    shown = picture(tmp_path / "low-rank.svg")
    assert shown.width > 400
    # SFT's red, DPO's green; RL's blue is not mixed up with them.
    assert shown.colours["#d1495b"] >= 2
    assert shown.colours["#3a7d44"] >= 2


def test_fractions_of_another_architecture_stand_over_their_own_names(
    session, tmp_path, monkeypatch
):
    drawn = []
    monkeypatch.setattr(svg, "save", lambda figure, _: drawn.append(figure))
    own = session.evidence(next(iter(KINDS)))
    fractions = {
        "plain": {"mlp.up_proj": 0.3, "self_attn.q_proj": 0.2},
        "fused": {"mlp.gate_up_proj": 0.95, "self_attn.q_proj": 0.1},
    }
    evidence = []
    for run, shares in fractions.items():
        modules = [
            replace(own[SPECTRUM][0], module=f"model.layers.0.{name}.weight", rank1_fraction=share)
            for name, share in shares.items()
        ]
        evidence.append(altered(own, run=run, spectrum=modules))
    view_of(CLAIMS["P1.6"]).draw(CLAIMS["P1.6"], evidence, tmp_path / "norms.svg")
    (axes,) = drawn[0].axes
    names = [tick.get_text() for tick in axes.get_xticklabels()]
    assert names == ["up_proj", "q_proj", "gate_up_proj"]
    points = [(x, y) for line in axes.lines for x, y in zip(*line.get_data(), strict=True)]
    assert {(names[round(x)], y) for x, y in points} == {
        ("up_proj", 0.3),
        ("q_proj", 0.2),
        ("gate_up_proj", 0.95),
        ("q_proj", 0.1),
    }
    # None is cut off.
    assert axes.get_ylim()[1] > 0.95
