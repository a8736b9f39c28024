"""The few ways of writing that math-verify does not read, or reads as something else."""

import re
from fractions import Fraction

_REWRITINGS = (
    # 5. and -1./3: a point without decimals; math-verify parses neither.
    (re.compile(r"(?<=[0-9])\.(?![0-9\\])"), ""),
    # 10,\! 080 and 1\,000 and 1 000: thousands apart; math-verify multiplies 1 by 000.
    (re.compile(r"(?<=[0-9])(?:\{,\}|,\\!|\\[,;:!]|\\ |~| ) ?(?=[0-9]{3}(?![0-9]))"), ","),
    # 4.5e33, as the answers of Minerva are written; math-verify reads Euler's number.
    (
        re.compile(r"\A([+-]?[0-9]*\.?[0-9]+)[eE]([+-]?[0-9]{1,3})(?=\Z|[\s\\])"),
        r"\1 \\times 10^{\2}",
    ),
    # \textbf{(073)}: a number set as text; math-verify reads a symbol.
    (re.compile(r"\A\\(?:text|math)[a-z]*\{([^{}A-Za-z]*)\}\Z"), r"\1"),
    # np.arcsin(10/13), an answer of Minerva.
    (re.compile(r"\bnp\.(?=[a-z])"), r"\\"),
    ("−", "-"),
)

_DECIMAL = re.compile(
    r"([+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.[0-9]+)?)"
    r"(?:\s*(?:\\times|\\cdot|×|\*)\s*10\s*\^\s*(?:\{\s*([+-]?[0-9]{1,3})\s*\}|([0-9])))?"
)

# Spaces that part two letters or digits mean something: '1 2', '\cos x'.
_IDLE_SPACE = re.compile(r"(?<![A-Za-z0-9])\s+|\s+(?![A-Za-z0-9])")
_IDLE_BRACES = re.compile(r"([_^])\{([A-Za-z0-9])\}")
_ASSIGNED = re.compile(r"\A\\?[A-Za-z]+(?:_(?:\{\w{1,20}\}|\w))?\s*=\s*(?=[^=\s])")
_PER_CENT = re.compile(r"\s*(?:\\?%|percent|\\text\{\s*percent\s*\})\Z")
_BASE = re.compile(r"[0-9]_(?:\{([0-9]{1,2})\}|([0-9]))\Z")


def rewritten(answer: str) -> str:
    """The answer in notation that math-verify reads as it is meant."""
    for pattern, replacement in _REWRITINGS:
        answer = (
            answer.replace(pattern, replacement)
            if isinstance(pattern, str)
            else pattern.sub(replacement, answer)
        )
    return answer


def squeezed(answer: str) -> str:
    """The answer without spaces and braces that change nothing: ``E_{1}, x`` is ``E_1,x``."""
    return _IDLE_BRACES.sub(r"\1\2", _IDLE_SPACE.sub("", answer))


def decimal(answer: str) -> Fraction | None:
    r"""The exact value of a plain number: ``1,000``, ``-.5``, ``033``, ``4.5 \times 10^{33}``.

    math-verify rounds decimals to 6 places before it compares them, which makes ``1e-7`` and
    ``3e-8`` the same; numbers are therefore compared here, and exactly.
    """
    found = _DECIMAL.fullmatch(answer)
    if found is None or not any(map(str.isdigit, found[1])):
        return None
    exponent = int(found[2] or found[3] or 0)
    return Fraction(found[1].replace(",", "")) * Fraction(10) ** exponent


def readings(answer: str) -> list[Fraction]:
    """The values that a number may have: one, or two where it is written in per cent.

    As in math-verify, ``50%`` is right for 0.5 and for 50, because questions ask for either. It
    reads per cent itself, but not with version 4.11 of ANTLR, which lm-eval asks for.
    """
    value = decimal(_PER_CENT.sub("", answer))
    if value is None:
        return []
    return [value / 100, value] if _PER_CENT.search(answer) else [value]


def unassigned(answer: str) -> str:
    """The answer without a leading ``x =``, behind which thousands and exponents are numbers."""
    return _ASSIGNED.sub("", answer)


def base(answer: str) -> str | None:
    """The base of ``204_5`` or ``204_{5}``, where one is written. math-verify ignores it."""
    found = _BASE.search(answer)
    return None if found is None else found[1] or found[2]
