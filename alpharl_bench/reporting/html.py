"""The report as one HTML file: the Markdown rendered, its figures inside, nothing from elsewhere.

Only Markdown that this package wrote comes here, in which what others wrote is escaped. HTML within
it passes only as the two lines of a fold; a policy in the page lets no script run but its own.
"""

import base64
import hashlib
import re
from collections.abc import MutableMapping, Sequence
from html import escape
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

_FOLD = re.compile(r"(<details><summary>[^<>]*</summary>|</details>)\n*")
# What an attribute in single quotes and a data URL both take, of what is frequent in SVG.
_AS_IT_IS = ' <>=:/;,(){}*"'
_ASSETS = files("alpharl_bench.reporting") / "assets"


class _Renderer(RendererHTML):
    """Figures as data, tables that scroll by themselves, headings that can be linked to.

    markdown-it calls a method by the type of a token.
    """

    #: Where the figures lie.
    folder = Path()

    def image(
        self,
        tokens: Sequence[Token],
        idx: int,
        options: OptionsDict,
        env: MutableMapping[str, Any],
    ) -> str:
        """A figure that lies below the report; within an image no SVG runs a script."""
        text = self.renderInlineAsText(tokens[idx].children, options, env)
        path = self.folder / str(tokens[idx].attrGet("src"))
        data = quote(path.read_bytes(), safe=_AS_IT_IS)
        return f"""<img src='data:image/svg+xml,{data}' alt="{escape(text)}" decoding="async">"""

    def td_open(
        self,
        tokens: Sequence[Token],
        idx: int,
        options: OptionsDict,
        env: MutableMapping[str, Any],
    ) -> str:
        """A cell, without the style that says that it is as all others: a third of a page."""
        tokens[idx].attrs.pop("style", None)
        return self.renderToken(tokens, idx, options, env)

    th_open = td_open

    def html_block(
        self,
        tokens: Sequence[Token],
        idx: int,
        options: OptionsDict,
        env: MutableMapping[str, Any],
    ) -> str:
        """A fold; anything else is text."""
        content = tokens[idx].content
        return content if _FOLD.fullmatch(content) else escape(content)

    def html_inline(
        self,
        tokens: Sequence[Token],
        idx: int,
        options: OptionsDict,
        env: MutableMapping[str, Any],
    ) -> str:
        """The same within a line."""
        return self.html_block(tokens, idx, options, env)

    def table_open(self, *_: object) -> str:
        """A table in a box that scrolls, where the page must not."""
        return '<div class="scroll" tabindex="0" role="region" aria-label="table"><table>'

    def table_close(self, *_: object) -> str:
        """The end of both."""
        return "</table></div>"


def page(markdown: str, folder: Path) -> str:
    """The whole file.

    Args:
        markdown: the report.
        folder: the folder that holds it and its figures.

    Raises:
        OSError: a figure is missing.
    """
    parser = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable("table")
    assert isinstance(parser.renderer, _Renderer)  # noqa: S101  (for the type checker)
    parser.renderer.folder = folder
    tokens = parser.parse(markdown)
    headings = _linked(tokens)
    script = _asset("report.js")
    return Template(_asset("report.html")).substitute(
        title=escape(headings[0][2]),
        style=_asset("report.css"),
        script=script,
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        contents="\n".join(
            f'<li class="level{level}"><a href="#{name}">{escape(text)}</a></li>'
            for level, name, text in headings[1:]
        ),
        body=parser.renderer.render(tokens, parser.options, {}),
    )


def _linked(tokens: Sequence[Token]) -> list[tuple[int, str, str]]:
    """Give every heading a name to link to; returns level, name and text of each."""
    found: list[tuple[int, str, str]] = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            level, name = int(token.tag[1]), f"section-{len(found)}"
            token.attrSet("id", name)
            text = "".join(child.content for child in inline.children or [])
            found.append((level, name, text))
    return found


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
