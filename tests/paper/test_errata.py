"""What is found of the paper is what its data say is known, and what a reader finds by hand."""

import re

import numpy as np
import pytest

from alpharl_bench.claims import CLAIMS
from alpharl_bench.paper import load_tables, read_averages, read_paper, read_statements
from alpharl_bench.registry import load_registry


def test_nothing_is_found_that_is_not_known() -> None:
    assert [str(reading) for reading in read_paper() if reading.outcome != reading.known] == []


def test_identifiers_are_unique_and_no_run_is_selected_by_them() -> None:
    identifiers = [reading.id for reading in read_paper()]
    assert len(set(identifiers)) == len(identifiers)
    registry = load_registry()
    words = {*registry.algorithms, *(name.split("-")[0] for name in registry.models)}
    for identifier in identifiers:
        assert not [word for word in words if word in identifier.lower()], identifier


def test_averages_against_numpy() -> None:
    """A mean that is more than a unit off cannot have been rounded to what is printed."""
    off = {}
    for table in load_tables().values():
        if table.average is None:
            continue
        for number, block in enumerate(table.blocks, start=1):
            for row in block.rows:
                *columns, average = map(float, row[1:])
                key = f"{table.id}-block-{number}-{row[0].replace(' ', '-')}"
                off[key] = abs(np.mean(columns) - average)
    readings = read_averages()
    assert len(readings) == len(off) == 80
    for reading in readings:
        assert (reading.outcome == "contradicted") == (off[reading.id] > 0.01 + 1e-9), reading.id
    # As counted by others from the same tables: 35 by more than 0.03, 28 by more than 0.3.
    assert sum(value > 0.03 for value in off.values()) == 35
    assert sum(value > 0.3 for value in off.values()) == 28


def test_the_worst_average_by_hand() -> None:
    (worst,) = (reading for reading in read_averages() if " 48.23" in reading.text)
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
    (reading,) = (reading for reading in read_statements() if reading.id == identifier)
    assert arithmetic in reading.arithmetic


def test_training_gets_better_from_stage_to_stage() -> None:
    """What a speed-up is read from has one place for every accuracy."""
    for table in (load_tables()[name] for name in ("table-1", "table-3", "table-4")):
        for block in table.blocks:
            stages = [r for r in block.labels if re.fullmatch(r"Training \d+%", r)]
            stages = [*sorted(stages, key=lambda r: int(r[9:-1])), "Fully Trained Model"]
            for column in ("Avg.", "recomputed"):
                curve = [table.number(block, label, column).value for label in stages]
                assert curve == sorted(curve)


NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")


def numbers_of_the_paper() -> set[float]:
    """Every number in a table or a quoted sentence, as it is and as a share."""
    texts = [reading.text for reading in read_statements()]
    texts += [
        cell
        for table in load_tables().values()
        for block in table.blocks
        for row in block.rows
        for cell in row
    ]
    found = {float(number) for text in texts for number in NUMBER.findall(text)}
    return found | {round(number / 100, 6) for number in found}


#: Of these the paper's number is made from its tables as the module is imported.
DERIVED = {"A1", "A2", "A3"}
#: Not of the paper: the factor of the statistic, the slope of a flat line, 1/0.4.
OURS = {"P1.7": {2.0}, "P1.2-percent": {0.0}, "P1.5-peak": {1.0}, "A4": {0.4}, "A4-any": {0.4}}
ABOUT_ZERO = {0.0, 1.0}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=lambda claim: claim.id)
def test_a_number_of_the_paper_stands_in_its_tables_or_sentences(claim) -> None:
    if claim.id in DERIVED:
        return
    known = numbers_of_the_paper() | OURS.get(claim.id, set()) | ABOUT_ZERO
    for text in (claim.paper.statistic, *claim.paper.points.values()):
        for number in map(float, NUMBER.findall(text)):
            assert round(number, 6) in known, text


def test_a_number_that_is_not_the_papers_is_noticed() -> None:
    assert 0.9917 in numbers_of_the_paper()
    assert not {0.9918, 0.915, 0.194} & numbers_of_the_paper()
