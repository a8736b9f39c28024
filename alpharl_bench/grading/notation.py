"""The few ways of writing that math-verify does not read, or reads as something else."""

import re

from alpharl_bench.grading.characters import as_latex

_REWRITINGS = (
    # 5. and -1./3: a point without decimals; math-verify parses neither.
    (re.compile(r"(?<=[0-9])\.(?![0-9.\\(])"), ""),
    # 10,\! 080 and 1\,000 and 1 000: thousands apart; math-verify multiplies 1 by 000.
    (
        re.compile(
            r"(?<=[0-9])(?:\{,\}|,\\!|\\[,;:!]|\\ |~| |\u2009|\u202f) ?(?=[0-9]{3}(?![0-9/]))"
        ),
        ",",
    ),
    # 4.5e33, as the answers of Minerva are written; math-verify reads Euler's number.
    (
        re.compile(r"(?<![^=(,\s])([+-]?[0-9]*\.?[0-9]+)[eE]([+-]?[0-9]{1,3})(?=\Z|[\s\\,)])"),
        r"\1 \\times 10^{\2}",
    ),
    # \text{The answer is } 5.
    (
        re.compile(r"\A\\text\s*\{\s*(?:the )?(?:final )?answer(?: is)?:?\s*\}\s*", re.IGNORECASE),
        "",
    ),
    # \textbf{(073)} and \text{5 cm}: a number set as text; math-verify reads a symbol.
    (re.compile(r"\A\\(?:text|math|mbox)[a-z]*\{\s*([^{}A-Za-z]*)\}\Z"), r"\1"),
    (re.compile(r"\A\\(?:text|math|mbox)[a-z]*\{\s*([+-]?[$]?[0-9.][^{}]*)\}\Z"), r"\1"),
    # 11 5/6: math-verify multiplies (huggingface/Math-Verify#34).
    (
        re.compile(r"(?<![0-9A-Za-z^_}.,/])([0-9]{1,9}) +([0-9]{1,9})/([0-9]{1,9})(?![0-9.])"),
        r"\1\\frac{\2}{\3}",
    ),
    # np.arcsin(10/13), an answer of Minerva.
    (re.compile(r"\bnp\.(?=[a-z])"), r"\\"),
    # 4i beside 4 i: only behind a space math-verify takes i for the imaginary unit.
    (re.compile(r"(?<=[0-9)}])i(?![A-Za-z])"), " i"),
    (re.compile(r"\\varnothing(?![A-Za-z])"), r"\\emptyset"),
)

# Spaces that part two letters or digits mean something: '1 2', '\cos x'.
_IDLE_SPACE = re.compile(r"(?<![A-Za-z0-9])\s+|\s+(?![A-Za-z0-9])")
_IDLE_BRACES = re.compile(r"([_^])\{([A-Za-z0-9])\}")
_BASE = re.compile(r"[0-9]_(?:\{([0-9]{1,2})\}|([0-9]))\Z")


def rewritten(answer: str) -> str:
    """The answer in notation that math-verify reads as it is meant."""
    answer = as_latex(answer)
    for pattern, replacement in _REWRITINGS:
        answer = pattern.sub(replacement, answer)
    return answer.strip()


def squeezed(answer: str) -> str:
    """The answer without spaces and braces that change nothing: ``E_{1}, x`` is ``E_1,x``."""
    return _IDLE_BRACES.sub(r"\1\2", _IDLE_SPACE.sub("", answer))


def base(answer: str) -> str | None:
    """The base of ``204_5`` or ``204_{5}``, where one is written. math-verify ignores it."""
    found = _BASE.search(answer)
    return None if found is None else found[1] or found[2]
