r"""Unicode mathematics as LaTeX: ``x²`` is ``x^{2}``, ``½`` is ``\frac{1}{2}``, ``√2`` a root.

math-verify reads LaTeX alone (not reported upstream).
"""

import re
import unicodedata

from alpharl_bench.grading.scanning import closing

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣʸ", "0123456789+-=()nixy")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₙₘₖᵢⱼ", "0123456789+-=()aeoxnmkij")
_RAISED = re.compile(f"[{''.join(map(chr, _SUPERSCRIPTS))}]+")
_LOWERED = re.compile(f"[{''.join(map(chr, _SUBSCRIPTS))}]+")
_ROOTS = {"√": r"\sqrt", "∛": r"\sqrt[3]", "∜": r"\sqrt[4]"}
_ROOT = re.compile(r"[√∛∜]\s*([0-9]+(?:\.[0-9]+)?|[A-Za-zπ]|(?=[({]))")

# A command that a letter follows has to end in a space.
_COMMANDS = {
    **dict(zip("−–‐‑﹣－", "------", strict=True)),
    **dict.fromkeys("×✕", r"\times "),
    **dict.fromkeys("·⋅∙", r"\cdot "),
    **dict.fromkeys("⁄∕", "/"),
    **dict.fromkeys("∅⌀", r"\emptyset "),
    **dict.fromkeys("°˚º", r"^\circ "),
    **dict.fromkeys("≤⩽", r"\le "),
    **dict.fromkeys("≥⩾", r"\ge "),
    "÷": "/",
    "±": r"\pm ",
    "∓": r"\mp ",
    "≠": r"\ne ",
    "≈": r"\approx ",
    "∞": r"\infty ",
    "∪": r"\cup ",
    "∩": r"\cap ",
    "∈": r"\in ",
    "′": "'",
    "″": "''",
    "…": r"\ldots ",
    "ℝ": r"\mathbb{R}",
    "ℤ": r"\mathbb{Z}",
    "ℕ": r"\mathbb{N}",
    "ℚ": r"\mathbb{Q}",
    "ℂ": r"\mathbb{C}",
    "⟨": r"\langle ",
    "⟩": r"\rangle ",
    "∠": r"\angle ",
}
_GREEK = {
    chr(code): f"\\{unicodedata.name(chr(code)).split()[-1].lower()} "
    for code in range(ord("α"), ord("ω") + 1)
    if code != ord("ς")
} | {letter: f"\\{unicodedata.name(letter).split()[-1].capitalize()} " for letter in "ΓΔΘΛΞΠΣΦΨΩ"}
_GREEK |= {"λ": r"\lambda ", "Λ": r"\Lambda ", "ϕ": r"\phi ", "µ": r"\mu ", "ο": "o"}
_TABLE = str.maketrans(_COMMANDS | _GREEK)


def as_latex(text: str) -> str:
    """The text with LaTeX in place of the characters of mathematics that are not ASCII.

    Args:
        text: at most some hundred characters; roots of parentheses are looked up one by one.
    """
    if text.isascii():
        return text
    text = _RAISED.sub(lambda run: f"^{{{run[0].translate(_SUPERSCRIPTS)}}}", text)
    text = _LOWERED.sub(lambda run: f"_{{{run[0].translate(_SUBSCRIPTS)}}}", text)
    text = "".join(map(_plain, text))
    return _with_roots(text).translate(_TABLE)


def _plain(character: str) -> str:
    """Vulgar fractions as fractions; full-width forms and letters of mathematics as ASCII."""
    name = unicodedata.name(character, "")
    if name.startswith("VULGAR FRACTION"):
        parts = unicodedata.normalize("NFKC", character).split("⁄")
        return rf"\frac{{{parts[0]}}}{{{parts[-1]}}}" if all(parts) else character
    if name.startswith(("FULLWIDTH", "MATHEMATICAL")) and character not in _COMMANDS:
        return unicodedata.normalize("NFKC", character)
    return character


def _with_roots(text: str) -> str:
    r"""``√12`` and ``√(x+1)`` as ``\sqrt{12}`` and ``\sqrt{x+1}``; a root rules over no more."""
    while found := _last(_ROOT, text):
        root, start = _ROOTS[found[0][0]], found.end()
        if found[1]:
            inside, end = found[1], start
        else:
            last = closing(text, start + 1)
            if last is None:
                return text
            inside, end = text[start + 1 : last], last + 1
        text = f"{text[: found.start()]}{root}{{{inside}}}{text[end:]}"
    return text


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return max(pattern.finditer(text), key=re.Match.start, default=None)
