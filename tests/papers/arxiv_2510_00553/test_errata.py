"""What is found of the paper is what its data say is known, and what a reader finds by hand."""

import re

import numpy as np
import pytest

from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.claims.reference import FOLDER
from alpharl_bench.printed import load_tables, read_averages, read_paper, read_statements
from alpharl_bench.registry import load_registry


def test_nothing_is_found_that_is_not_known() -> None:
    assert [
        str(reading) for reading in read_paper(FOLDER) if reading.outcome != reading.known
    ] == []


def test_identifiers_are_unique_and_no_run_is_selected_by_them() -> None:
    identifiers = [reading.id for reading in read_paper(FOLDER)]
    assert len(set(identifiers)) == len(identifiers)
    registry = load_registry()
    words = {*registry.algorithms, *(name.split("-")[0] for name in registry.models)}
    for identifier in identifiers:
        assert not [word for word in words if word in identifier.lower()], identifier


def test_averages_against_numpy() -> None:
    """A mean that is more than a unit off cannot have been rounded to what is printed."""
    off, rows = {}, set()
    for table in load_tables(FOLDER).values():
        if table.average is None:
            continue
        for number, block in enumerate(table.blocks, start=1):
            for row in block.rows:
                if row in rows:  # Printed twice.
                    continue
                rows.add(row)
                *columns, average = map(float, row[1:])
                key = f"{table.id}-block-{number}-{row[0].replace(' ', '-')}"
                off[key] = abs(np.mean(columns) - average)
    readings = read_averages(FOLDER)
    assert len(readings) == len(off) == 75
    for reading in readings:
        assert (reading.outcome == "contradicted") == (off[reading.id] > 0.01 + 1e-9), reading.id
    # As counted by others from the same tables, where one row is printed twice: 35 by more than
    # 0.03, 28 by more than 0.3.
    assert sum(value > 0.03 for value in off.values()) == 35 - 1
    assert sum(value > 0.3 for value in off.values()) == 28


def test_the_worst_average_by_hand() -> None:
    (worst,) = (reading for reading in read_averages(FOLDER) if " 48.23" in reading.text)
    # 60.00 + 52.25 + 95.50 + 57.85 + 48.25 + 95.50 = 409.35, a sixth of it 68.225.
    assert worst.arithmetic.endswith("= 68.225")
    assert worst.outcome == "contradicted"


@pytest.mark.parametrize(
    ("identifier", "arithmetic"),
    [
        ("retention", "48.52 / 50.82 = 0.9547, not > 96%"),
        ("surpassing-on-math", "76.00 − 78.25 = -2.25, not > 0"),
        ("surpassing-on-gpqa", "49.25 / 48.23 = 1.021, = 102%"),
        ("models-in-the-abstract", "13 (“across 13 diverse LLMs”), not 8"),
        ("linearity-of-the-trend", "exhibits an average of 0.914”), not > 0.96"),
        ("accumulation-in-imitation", "1,024 / 4 = 256, not 512"),
        ("same-trends-in-self-play", "59% / 65% = 0.9077, not > 96%"),
    ],
)
def test_sentences_by_hand(identifier, arithmetic) -> None:
    (reading,) = (reading for reading in read_statements(FOLDER) if reading.id == identifier)
    assert arithmetic in reading.arithmetic


def test_a_sentence_that_is_no_contradiction_says_how_it_is_read() -> None:
    classes = {reading.id: reading.outcome for reading in read_statements(FOLDER)}
    assert classes["retention"] == "contradicted"
    assert classes["figure-of-norms"] == "editorial slip"
    assert classes["part-of-the-update"] == "depends on a reading"
    assert classes["rank-1-on-other-bases"] == "not printed"
    for reading in read_statements(FOLDER):
        if reading.outcome == "depends on a reading":
            assert re.search(r"\b[Rr]ead (of|as)\b", reading.note), reading.id


def test_facts_from_outside_the_paper_are_named_as_such() -> None:
    (reading,) = (one for one in read_statements(FOLDER) if one.id == "samples-per-question")
    assert "30 questions, which the paper does not print, 4 of 30 cells" in reading.arithmetic
    assert "from outside the paper" in reading.note


def test_training_gets_better_from_stage_to_stage() -> None:
    """What a speed-up is read from has one place for every accuracy."""
    for table in (load_tables(FOLDER)[name] for name in ("table-1", "table-3", "table-4")):
        for block in table.blocks:
            stages = [r for r in block.labels if re.fullmatch(r"Training \d+%", r)]
            stages = [*sorted(stages, key=lambda r: int(r[9:-1])), "Fully Trained Model"]
            for column in ("Avg.", "recomputed"):
                curve = [table.number(block, label, column).value for label in stages]
                assert curve == sorted(curve)


NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")


def numbers_in_sentences() -> set[float]:
    """Every number in a quoted sentence, as it is and as a share."""
    texts = [reading.text for reading in read_statements(FOLDER)]
    found = {float(number) for text in texts for number in NUMBER.findall(text)}
    return found | {round(number / 100, 6) for number in found}


#: Of these the paper's numbers are read from its tables as the module is imported.
FROM_TABLES = {"A1", "A2", "A3", "P1.2-percent", "P1.6", "P1.7"}
#: 'Above 0', and the fully trained model itself.
TRIVIAL = {0.0, 1.0}


@pytest.mark.parametrize(
    "claim",
    [claim for claim in CLAIMS.values() if claim.id.removesuffix("-code") not in FROM_TABLES],
    ids=lambda claim: claim.id,
)
def test_what_a_claim_has_of_the_paper_stands_in_its_sentences(claim) -> None:
    known = numbers_in_sentences() | TRIVIAL
    for text in (claim.printed.statistic, *claim.printed.points.values()):
        for number in map(float, NUMBER.findall(text)):
            assert round(number, 6) in known, text


def test_a_number_that_is_not_the_papers_is_noticed() -> None:
    known = numbers_in_sentences()
    assert {0.9917, 0.914, 2.5, 0.05, 0.96} <= known
    assert not {0.9918, 0.915, 2.4, 0.06, 0.97} & known


def test_what_claims_read_from_tables_by_hand() -> None:
    # 53.31 / 53.38, 49.42 / 51.52, 48.52 / 50.82; 46.47 − 46.30, …; 40.91 − 38.84 is the least.
    assert CLAIMS["A1"].printed.statistic == "0.999 (DAPO), 0.959 (GRPO), 0.955 (RLOO)"
    assert CLAIMS["A1"].printed.points["Training 10 %"] == "0.760, 0.764, 0.785"
    assert CLAIMS["A2"].printed.statistic == "0.002 (DAPO), −0.019 (GRPO), −0.027 (RLOO)"
    assert CLAIMS["A3"].printed.statistic == "0.021 (GLM-4-9B-0414 at 5%)"
    assert CLAIMS["P1.6"].printed.statistic == "0.193 (no null given)"
    assert CLAIMS["P1.7"].printed.points["Rank-90 %"] == "0.2325 (distillation), 0.4675 (SFT)"
    points = CLAIMS["P1.2-percent"].printed.points
    assert points == {f"Rank-{p} %": "1.00" for p in (1, 10, 20, 30, 50, 70, 90)}
