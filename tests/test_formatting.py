"""Sizes, times and others' text as they are shown."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import alpharl_bench
from alpharl_bench.errors import AlphaRLBenchError, AlphaRLBenchWarning
from alpharl_bench.formatting import lines, one_line, rough_time_text, size_text, time_text
from alpharl_bench.progress import note, progress_bar

PACKAGE = Path(alpharl_bench.__file__).parent


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (64_123_000, "64.1 MB"), (2e10, "20 GB"), (3e15, "3e+03 TB")],
)
def test_a_size(size, text):
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (344, "5 min 44 s"), (7500, "2 h 5 min")],
)
def test_a_time(seconds, text):
    assert time_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "10 s"), (44, "40 s"), (56, "1 min"), (344, "6 min"), (3580, "1 h 0 min")],
)
def test_a_time_that_was_estimated(seconds, text):
    assert rough_time_text(seconds) == text


HOSTILE = {
    "\x1b[2J\x1b]0;owned\x07": r"\x1b[2J\x1b]0;owned\x07",
    "a\nb\r\tc": r"a\nb\r\tc",
    "\u202eweights": r"\u202eweights",
    "\u2066\u2069\u200f": r"\u2066\u2069\u200f",
    "\x9b31m": r"\x9b31m",
    "\udcff": r"\udcff",
    "\u2028": r"\u2028",
    "Δ σ₁ 模型 ü": "Δ σ₁ 模型 ü",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_moves_a_cursor_or_turns_text_is_shown_as_its_escape(text):
    assert one_line(text) == HOSTILE[text]
    assert str(AlphaRLBenchError(f"{text}: wrong")) == f"{HOSTILE[text]}: wrong"
    assert str(AlphaRLBenchWarning(text)) == HOSTILE[text]


@given(st.text())
def test_any_text_is_one_printable_line(text):
    shown = one_line(text)
    assert shown.isprintable()
    assert shown == text or not text.isprintable()


def test_lines_stay_lines():
    assert lines("a\n\x1b[1mb\n") == "a\n\\x1b[1mb\n"


# ---- one place ----


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_only_one_module_writes_to_the_terminal(path):
    text = path.read_text()
    found = re.search(r"\b(?:typer|click)\.echo\(|(?<![.\w])print\(|std(?:out|err)\.write\(", text)
    assert not found or path == PACKAGE / "terminal.py"


def test_bars_and_notes_show_titles_as_text(capsys):
    with progress_bar("run \x1b[2J", 1, "tensor") as bar:
        bar.update()
    note("waiting for \x1b[2J")
    shown = capsys.readouterr().err
    assert r"run \x1b[2J" in shown
    assert "waiting for \\x1b[2J\n" in shown
    assert "\x1b[2J" not in shown
