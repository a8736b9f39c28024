"""The one way in which text becomes Markdown: what others wrote stays text.

Names of runs, reasons, tasks and commands come from users, trainers and the Hub. They go through
:func:`plain`, :func:`code` or :func:`fenced`; a table holds text alone and never markup.
"""

import re
from collections.abc import Iterable

# What begins markup within a line. Of _ only what stands at the edge of a word does, of ] what a
# link may follow, of # what a heading may end with: intervals and numbers stay as they are.
_MARKUP = re.compile(r"[\\`*<|~&$]|#(?=#*$)|](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])")
#: Between @ and a name: on GitHub `@name` calls the person of that name.
_WORD_JOINER = "\u2060"


def printable(text: object) -> str:
    """Text in one line: white space, control characters and what turns directions are blanks."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


def plain(text: object) -> str:
    """Text that means nothing to Markdown, for a line of a paragraph, a heading or a cell."""
    shown = _MARKUP.sub(r"\\\g<0>", printable(text))
    return shown.replace("@", f"@{_WORD_JOINER}")


def code(text: object) -> str:
    """Text as code within a line."""
    shown = printable(text)
    ticks = _fence(shown, 1)
    edge = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{edge}{shown}{edge}{ticks}"


def fenced(lines: Iterable[object]) -> list[str]:
    """Lines as a block of code."""
    shown = [printable(line) for line in lines]
    fence = _fence("\n".join(shown), 3)
    return [fence, *shown, fence]


def folded(title: object, lines: Iterable[str]) -> list[str]:
    """Markdown under a title that opens it, in a browser and on GitHub."""
    # Backslashes mean nothing in a line of HTML.
    shown = printable(title).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return [f"<details><summary>{shown}</summary>", "", *lines, "", "</details>", ""]


def _fence(text: str, least: int) -> str:
    """Backticks that no run of them in the text is as long as."""
    return "`" * max([least, *(len(run) + 1 for run in re.findall("`+", text))])
