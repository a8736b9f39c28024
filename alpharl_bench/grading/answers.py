r"""Find the final answer in a response, in time linear in its length.

The prompts of the paper's Appendix B ask either for ``\boxed{…}`` or for a last line
``Answer: $Answer``.
"""

import re
import unicodedata

# No repetition inside a repetition, and every repetition begins at a mark that it cannot run over
# (a backslash, a line's start, 'answer', ':'): each character is read a fixed number of times.
# \boxed5 has no braces: a number, or a letter behind a space.
_BOX = re.compile(
    r"\\(?:boxed|fbox)\s*+(?:\{|(-?[0-9]++(?:[.,/][0-9]++)*+)|(?<=\s)([A-Za-z])(?![A-Za-z]))"
)
# The answer may stand on a line below: 'Answer:', or 'Answer' as a heading.
_LINE = re.compile(
    r"^[ \t>]*+(?:(?:[*#][ \t>*#]*+)(?:the[ ])?(?:final[ ])?answer[ \t*]*+(?=\n)"
    r"|(?:[*#][ \t>*#]*+)?(?:the[ ])?(?:final[ ])?answer[ \t*]*+:)"
    r"[\s*]*+(?=[^\s*])",
    re.IGNORECASE | re.MULTILINE,
)
# Minerva's 'The final answer is $5$. I hope it is correct.', behind 'Final Answer:' or alone.
_SENTENCE = re.compile(
    r"^[ \t>*#]*+(?:(?:so|thus|therefore|hence),?[ ])?(?:the[ ])?(?:final[ ])?answer[ ]is:?"
    r"[ \t*]*+(?=[^\s*])",
    re.IGNORECASE | re.MULTILINE,
)
_HOPE = re.compile(r"[.]?[ ]I hope it is correct[.]?\Z", re.IGNORECASE)
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)

#: Spaces and control characters, as they stand around an answer without belonging to it.
_EDGE = "".join(
    chr(code) for code in range(0xA1) if unicodedata.category(chr(code)) in {"Cc", "Zs"}
)
# A wrapper that opens again in between is not around the whole: $1$ and $2$.
_WRAPPED = re.compile(
    r"\$\$?((?:\\.|[^$\\])+)\$\$?"
    r"|\\\(((?:(?!\\\().)+)\\\)"
    r"|\\\[((?:(?!\\\[).)+)\\\]"
    r"|\*\*([^*]+)\*\*",
    re.DOTALL,
)
#: Wrappers are taken off this often. More of them are no way to write an answer.
_MAX_WRAPPERS = 4


def final_answer(response: str) -> str | None:
    r"""The text of the last ``\boxed{…}`` or ``Answer:`` line, whichever ends the response.

    Only the last of each kind is looked at, because an earlier one is not what the model settled
    on: a response cut off inside its last box has no answer, unless an ``Answer:`` line follows.
    Where there is neither, a line that begins with "The answer is" gives it.

    Returns:
        The answer as ``clean`` leaves it, of any length; None where there is none or it is empty.
    """
    box, line = _last(_BOX, response), _last(_LINE, response)
    end = _end(response, box) if box else None
    if line and (box is None or line.start() > (end or box.start())):
        return _said(_paragraph(response, line.end()))
    if box:
        return clean(response[_start(box) : end]) or None if end else None
    sentence = _last(_SENTENCE, response)
    return _said(_paragraph(response, sentence.start())) if sentence else None


def _start(box: re.Match[str]) -> int:
    return box.start(box.lastindex) if box.lastindex else box.end()


def _end(response: str, box: re.Match[str]) -> int | None:
    return box.end() if box.lastindex else _closing_brace(response, box.end())


def _paragraph(text: str, start: int) -> str:
    """The rest of a line, or of a displayed formula that begins it and ends lines below."""
    for opening, closing in (("$$", "$$"), (r"\[", r"\]")):
        if text.startswith(opening, start):
            end = text.find(closing, start + len(opening))
            if end >= 0:
                return text[start : end + len(closing)]
    return text[start:].partition("\n")[0]


def _said(line: str) -> str | None:
    """The answer of a line, which may be a sentence around it."""
    sentence = _SENTENCE.match(line)
    return clean(_HOPE.sub("", line[sentence.end() if sentence else 0 :].rstrip())) or None


def clean(answer: str) -> str:
    r"""The answer without what surrounds it: spaces, ``$…$``, ``\(…\)``, ``**…**``, a full stop.

    Characters that do not print (NUL, lone surrogates, marks that turn the direction of writing)
    become U+FFFD inside the answer: it can be stored and shown, and is equal to no other answer.
    """
    answer = answer.strip(_EDGE)
    for _ in range(_MAX_WRAPPERS):
        found = _WRAPPED.fullmatch(answer)
        inside = found[found.lastindex or 0] if found else answer
        # What is left of **Answer: 5** ends in the stars alone.
        inside = inside.removesuffix("**")
        if not inside.endswith(".."):
            inside = inside.removesuffix(".")
        inside = inside.strip(_EDGE)
        if inside == answer:
            break
        answer = inside
    return "".join(map(_printable, answer))


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text):  # noqa: B007  (the last one is what is asked for)
        pass
    return found


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character in "\t\r\n" or unicodedata.category(character)[0] == "Z" else "\ufffd"


def _closing_brace(text: str, start: int) -> int | None:
    r"""Where the brace that opened before ``start`` closes; ``\{`` and ``\}`` do not count."""
    depth = 1
    for brace in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.start()
    return None
