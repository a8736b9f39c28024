"""What others wrote stays text: a real Markdown parser must give it back."""

import re
from html import unescape

import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alpharl_bench.reporting import tables
from alpharl_bench.reporting.text import code, fenced, folded, plain, printable
from tests.reporting.hostile import NAME

#: All that GitHub's Markdown has and CommonMark lacks, where markdown-it knows it.
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
#: Text with more of what is special than chance would have.
TEXT = st.text(
    st.one_of(st.sampled_from("\\`*_[]()<>|~&$#!@-+.:1ab \n\t\x00"), st.characters(codec="utf-8"))
)


def shown(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html)).replace("\u2060", "")


@settings(deadline=None)
@given(TEXT)
@example(NAME)
@example("[a]: b")
@example("&lt;b&gt; &#42;")
@example("a_b_ _c_ __d__")
def test_text_comes_back_from_a_line(text):
    html = PARSER.render(f"A line of {plain(text)}, and more.")
    assert html.count("<") == 2  # the paragraph
    expected = printable(f"A line of {printable(text)}, and more.")
    assert printable(shown(html)) == expected.replace("\u2060", "")


@settings(deadline=None)
@given(TEXT)
@example(NAME)
def test_text_comes_back_from_a_cell(text):
    html = PARSER.render(tables.markdown(pd.DataFrame({"name": [text, "b"], "n": [1, 2]})))
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html, re.DOTALL)
    assert len(cells) == 4
    assert "<" not in cells[0]
    assert printable(shown(cells[0])) == printable(text).replace("\u2060", "")


@settings(deadline=None)
@given(TEXT.filter(printable))
@example("`")
@example("a ``` b")
def test_code_is_as_it_was_in_a_line_and_in_a_block(text):
    html = PARSER.render(f"Run {code(text)} now")
    found = re.fullmatch(r"<p>Run <code>(.*)</code> now</p>\n", html, re.DOTALL)
    assert found
    assert unescape(found[1]) == printable(text)
    html = PARSER.render("\n".join(fenced([text])))
    (block,) = re.findall(r"<pre><code>(.*)\n</code></pre>", html)
    assert unescape(block) == printable(text)


def test_a_fold_s_title_is_text():
    line, *_, end, _ = folded(NAME, ["body"])
    title = line.removeprefix("<details><summary>").removesuffix("</summary>")
    assert "<" not in title
    assert unescape(title) == printable(NAME)
    assert end == "</details>"


def test_nobody_is_called_by_name():
    assert "@team" not in plain("hello @team")
