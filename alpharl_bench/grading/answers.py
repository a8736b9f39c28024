r"""Find the final answer in a response, in time linear in its length.

The prompts of the paper's Appendix B ask either for ``\boxed{…}`` or for a last line
``Answer: $Answer``.
"""

import re
import unicodedata

# No repetition inside a repetition, and every repetition begins at a mark that it cannot run over
# (a backslash, a line's start, 'answer', ':'): each character is read a fixed number of times.
_BOX = re.compile(r"\\boxed\s*\{")
_LINE = re.compile(
    r"^[ \t>*#]*(?:the[ ])?(?:final[ ])?answer[ \t*]*:[ \t*]*(?=[^\s*])",
    re.IGNORECASE | re.MULTILINE,
)
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

    Returns:
        The answer as ``clean`` leaves it, of any length; None where there is none or it is empty.
    """
    box, line = _last(_BOX, response), _last(_LINE, response)
    end = _closing_brace(response, box.end()) if box else None
    if line and (box is None or line.start() > (end or box.start())):
        return clean(response[line.end() :].partition("\n")[0]) or None
    if box and end:
        return clean(response[box.end() : end]) or None
    return None


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
        inside = inside.removesuffix("**").removesuffix(".").strip(_EDGE)
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
