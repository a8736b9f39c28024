"""Every kind of check on small tables worked by hand."""

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.printed.finding import Printed
from alpharl_bench.printed.statement import Statement
from alpharl_bench.printed.table import Table

STAGES = Table.model_validate(
    {
        "id": "table-1",
        "title": "",
        "place": "§1",
        "columns": ["Stage", "A", "B", "Avg."],
        "average": {"column": "Avg.", "of": ["A", "B"]},
        "blocks": [
            {
                "name": "first",
                "rows": [
                    ["Training 20%", "10.00", "20.00", "15.00"],
                    ["Training 40%", "20.00", "40.00", "30.00"],
                    ["Training 40%+AlphaRL", "30.00", "54.00", "40.00"],  # in truth 42
                    ["Fully Trained Model", "40.00", "60.00", "50.00"],
                ],
            },
            {
                "name": "second",
                "rows": [
                    ["Training 20%", "10.00", "10.00", "10.00"],
                    ["Training 40%", "20.00", "20.00", "20.00"],
                    ["Training 40%+AlphaRL", "50.00", "50.00", "50.00"],
                    ["Fully Trained Model", "50.00", "50.00", "50.00"],
                ],
            },
        ],
    }
)
KINDS = Table.model_validate(
    {
        "id": "table-2",
        "title": "",
        "place": "§1",
        "columns": ["Method", "SFT", "RL"],
        "blocks": [{"rows": [["norm", "21.24", "0.01"], ["share", "12.6%", "-"]]}],
    }
)
QUOTES = {"other": "an average of 0.914 over 8 models"}
PRINTED = Printed({"table-1": STAGES, "table-2": KINDS}, QUOTES)


def findings(check: dict, quote: str = "12 and 30 are 42, of 7 things"):
    statement = Statement.model_validate(
        {"id": "s", "quote": quote, "place": "§1", "checks": [check]}
    )
    return list(statement.checks[0].findings(PRINTED, quote))


def only(check: dict, quote: str = "12 and 30 are 42, of 7 things"):
    (found,) = findings(check, quote)
    return found


def forecast_over_full(**changes):
    return {
        "kind": "ratio",
        "table": "table-1",
        "rows": [["Training 40%+AlphaRL", "Fully Trained Model"]],
        "columns": ["Avg.", "recomputed"],
        "bound": "> 82%",
    } | changes


def test_ratios_of_every_block_and_column() -> None:
    # 40 / 50 = 0.8 as printed, 42 / 50 = 0.84 recomputed; 1 in the second block.
    assert [found.holds for found in findings(forecast_over_full())] == [False, True, True, True]
    first = findings(forecast_over_full())[0].arithmetic
    assert first == (
        "Table 1, first, Training 40%+AlphaRL against Fully Trained Model, Avg.: "
        "40.00 / 50.00 = 0.8, not > 82%"
    )
    (second,) = findings(forecast_over_full(blocks=["second"], columns=["Avg."]))
    assert second.arithmetic.endswith("50.00 / 50.00 = 1, > 82%")


def test_differences_over_two_columns() -> None:
    check = forecast_over_full(kind="difference", columns=[["A", "B"]], bound="= -30.00")
    # 30 − 60 and 50 − 50.
    assert [found.holds for found in findings(check)] == [True, False]


def test_rounding_saves_what_it_can() -> None:
    check = {
        "kind": "ratio",
        "table": "table-2",
        "rows": [["norm", "norm"]],
        "columns": [["SFT", "RL"]],
        "bound": "< 1416",
    }
    # 21.24 / 0.01 = 2124 as printed; from 21.235 / 0.015 = 1415.67 on.
    assert only(check).holds
    assert not only(check | {"bound": "< 1415"}).holds


def test_single_cells() -> None:
    check = {"kind": "cell", "table": "table-2", "rows": ["share"], "column": "SFT"}
    assert only(check | {"bound": "= 12.6%"}).holds
    assert not only(check | {"bound": "≤ 1%"}).holds
    with pytest.raises(AlphaRLBenchError, match="table-2: share, RL: '-' is no number"):
        findings(check | {"column": "RL", "bound": "≤ 1%"})


def test_counts() -> None:
    assert only({"kind": "count", "items": ["12", "30", "12"], "bound": "= 2"}).holds
    assert only({"kind": "count", "table": "table-1", "averaged": True, "bound": "= 2"}).holds
    assert only({"kind": "count", "table": "table-1", "bound": "= 8"}).holds
    found = only({"kind": "count", "table": "table-1", "column": "A", "bound": "= 7"})
    assert not found.holds
    assert found.arithmetic == "5 (10.00, 20.00, 30.00, 40.00, 50.00), not 7"


@pytest.mark.parametrize(
    ("kind", "numbers", "bound", "holds"),
    [
        ("sum", ["12", "30"], "= 42", True),
        ("product", ["12", "7"], "= 42", False),
        ("quotient", ["42", "7"], "= 12", False),
    ],
)
def test_arithmetic_on_the_sentences_own_numbers(kind, numbers, bound, holds) -> None:
    assert only({"kind": kind, "numbers": numbers, "bound": bound}).holds is holds


@pytest.mark.parametrize(("numbers", "bound"), [(["12", "31"], "= 42"), (["12", "30"], "= 43")])
def test_numbers_that_the_sentence_does_not_have_are_refused(numbers, bound) -> None:
    with pytest.raises(AlphaRLBenchError, match="the sentence has no '"):
        findings({"kind": "sum", "numbers": numbers, "bound": bound})


def test_another_sentence() -> None:
    check = {"kind": "sentence", "statement": "other", "number": "0.914", "bound": "> 0.96"}
    assert not only(check).holds
    assert only(check | {"bound": "> 0.9"}).holds
    with pytest.raises(AlphaRLBenchError, match="statement other has no '13'"):
        findings(check | {"number": "13"})
    with pytest.raises(AlphaRLBenchError, match="did you mean 'other'"):
        findings(check | {"statement": "othr"})


def test_names() -> None:
    assert only({"kind": "member", "name": "Training 40%+", "table": "table-1"}).holds
    assert only({"kind": "member", "name": "RL", "table": "table-2"}).holds
    assert not only({"kind": "member", "name": "DPO", "table": "table-2"}).holds
    assert not only({"kind": "member", "name": "7", "among": ["A", "B"]}).holds


def test_repeated_rows() -> None:
    check = {"kind": "repeats", "left": ["table-1", "first"], "right": ["table-1", "first"]}
    assert all(found.holds for found in findings(check))
    other = findings(check | {"right": ["table-1", "second"]})
    assert [found.holds for found in other] == [False] * 4


@pytest.mark.parametrize(
    ("questions", "samples", "holds"),
    [
        (10, 1, True),  # 10, 20, 30, 40 and 50 are all tenths
        (3, 10, True),  # 10 % of 30 are 3
        (3, 1, False),  # thirds are 33.33
    ],
)
def test_shares_that_responses_can_give(questions, samples, holds) -> None:
    check = {"kind": "granularity", "tables": ["table-1"], "columns": ["A"]}
    found = only(check | {"questions": questions, "samples": samples})
    assert found.holds is holds
    if not holds:
        assert found.arithmetic == (
            "with 3 questions, which the paper does not print, "
            "8 of 8 cells are no k / 3, as 10.00 (Training 20%, A) between 0.00 (0) and 33.33 (1)"
        )


def test_how_much_sooner_by_hand() -> None:
    check = {"kind": "speed-up", "tables": ["table-1"], "stage": 40, "column": "recomputed"}
    # First: from 30 at 40 % to 50 at 100 %, 42 is reached at 76 %: 1.9. Second: at 100 %: 2.5.
    most = only(check | {"of": "most", "bound": "= 2.5"})
    assert most.holds
    assert "1.90 (first), 2.50 (second)" in most.arithmetic
    assert only(check | {"of": "mean", "bound": "= 2.20"}).holds
    assert not only(check | {"of": "mean", "bound": "= 2.5"}).holds
    # As printed 40 is reached at 70 %.
    assert (
        "1.75 (first)"
        in only(check | {"column": "Avg.", "of": "mean", "bound": "= 2.1"}).arithmetic
    )
