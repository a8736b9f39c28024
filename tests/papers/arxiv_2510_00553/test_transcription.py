"""Every table and every sentence stands in the paper as it was transcribed, and none is missing."""

import re

import pytest

from alpharl_bench.papers.arxiv_2510_00553.claims.reference import FOLDER
from alpharl_bench.printed import Table, load_statements, load_tables
from tests.printed.source import TEXT, cells, holds, quoted, words

needs_the_text = pytest.mark.skipif(TEXT is None, reason="the paper's text is not here")
TABLES = [table for table in load_tables(FOLDER).values() if not table.prose]


def flat(table: Table) -> list[str]:
    """The cells of a transcribed table in the order in which they are printed."""
    rows = [table.columns]
    for block in table.blocks:
        rows += [(block.name,) if block.name else (), *block.rows]
    return [words(cell) for row in rows for cell in row]


def printed() -> list[str]:
    assert TEXT is not None
    return cells(TEXT)


@needs_the_text
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_a_table_stands_in_the_paper_whole_and_in_order(table: Table) -> None:
    assert holds(printed(), flat(table))


@needs_the_text
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_no_changed_cell_is_found(table: Table) -> None:
    text, right = printed(), flat(table)
    for place, cell in enumerate(right):
        # The last digit of a number, else the last letter.
        changed = re.sub(r"\d(?=\D*$)", lambda d: str((int(d[0]) + 1) % 10), cell)
        wrong = changed if changed != cell else f"{cell}x"
        assert not holds(text, [*right[:place], wrong, *right[place + 1 :]]), cell


@needs_the_text
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_no_row_is_left_out_or_swapped(table: Table) -> None:
    text, right = printed(), flat(table)
    width = len(table.columns)
    for start in range(width, len(right) - 2 * width, width):
        assert not holds(text, right[:start] + right[start + width :])
        swapped = right[start + width : start + 2 * width] + right[start : start + width]
        assert not holds(text, right[:start] + swapped + right[start + 2 * width :])


@needs_the_text
def test_no_table_of_the_paper_is_missing() -> None:
    assert TEXT is not None
    lines = [line for line in TEXT.splitlines() if line.startswith("|")]
    formulas = [line for line in lines if re.fullmatch(r"\| \(\d+\) \|", line)]
    assert len(formulas) == 10
    rows = sum(len(block.rows) + bool(block.name) for table in TABLES for block in table.blocks)
    # With each table come its columns and a rule.
    assert len(lines) == len(formulas) + rows + 2 * len(TABLES)


def test_a_row_over_several_lines_is_found_and_nothing_else() -> None:
    text = "Before.\n| A | B |\n|---|---|\n| one\n  row | 1.50\n| |\n| two | - |\nAfter."
    assert cells(text) == ["Before.", "A", "B", "one row", "1.50", "two", "-", "After."]
    assert holds(cells(text), ["A", "B", "one row", "1.50", "two", "-"])
    for wrong in (["A", "B", "one row", "1.5"], ["A", "B", "two", "-"], ["B", "A"]):
        assert not holds(cells(text), wrong)


@needs_the_text
@pytest.mark.parametrize("statement", load_statements(FOLDER).values(), ids=lambda s: s.id)
def test_a_sentence_is_quoted_as_it_stands(statement) -> None:
    assert TEXT is not None
    assert quoted(TEXT, statement.quote)
    assert not quoted(TEXT, statement.quote + " but not so")


def test_the_parts_of_a_quotation_stand_in_order() -> None:
    assert quoted("one two\nthree four", "one […] three four")
    assert quoted("one two\nthree four", "two three")
    assert not quoted("one two three", "three […] one")
    assert not quoted("one two three", "one three")


@needs_the_text
def test_what_was_trained_is_named_in_the_appendix() -> None:
    assert TEXT is not None
    appendix = TEXT.split("Appendix B Experimental Setup")[1].split("Appendix C")[0]
    for block in load_tables(FOLDER)["setups"].blocks:
        for row in block.rows:
            assert all(cell in appendix for cell in row), row


@needs_the_text
def test_sentences_are_said_to_stand_where_they_do() -> None:
    """In the section of their place, as the headlines of the text divide it."""
    assert TEXT is not None
    heads = {
        "abstract": "Abstract\n",
        "§1": "1 Introduction\n",
        "§2.1": "2.1 Rank-1 Subspace\n",
        "§2.2": "2.2 Rank-1 Subspace &",
        "§2.3": "2.3 Analysis of",
        "§3.1": "3.1 Exploring",
        "§3.2": "3.2 Rank-1 Linearity",
        "§4.1": "4.1 Rank-1 Update",
        "§4.2": "4.2 Main Results\n",
        "§5": "5 Related Work\n",
        "§7": "7 Conclusion\n",
        "Appendix A": "Appendix A Additional",
        "Appendix B": "Appendix B Experimental",
        "Appendix C": "Appendix C In-depth",
        "Appendix D": "Appendix D External",
        "Appendix E": "Appendix E Linear",
    }
    starts = {place: TEXT.index(f"\n{head}") for place, head in heads.items()}
    ends = dict(zip(starts, [*list(starts.values())[1:], len(TEXT)], strict=True))
    for statement in load_statements(FOLDER).values():
        for place in statement.place.split(", "):
            assert quoted(TEXT[starts[place] : ends[place]], statement.quote), statement.id
