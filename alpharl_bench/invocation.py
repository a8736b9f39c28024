"""Where the suites are, and how a session on them is typed."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import unknown

_PACKAGE = Path(__file__).parent
#: Whether the suites lie in the package, as in a wheel; in a checkout they lie beside it.
PACKAGED = (_PACKAGE / "suites").is_dir()
_HOME = _PACKAGE if PACKAGED else _PACKAGE.parent
#: The folder that holds the suites, each of which is a folder.
SUITES = _HOME / "suites"
#: The modules of the fixtures that the suites ask for.
FIXTURES = [
    f"{_PACKAGE.name}.fixtures.{name}" if PACKAGED else f"fixtures.{name}"
    for name in ("runs", "verdicts")
]

# What loads the plugin: pytest does so only where it is asked to.
_START = ["-p", f"{_PACKAGE.name}.plugin", *(["--pyargs"] if PACKAGED else [])]
_JUDGE = ["alpharl-bench", "judge"]


def suite_names() -> list[str]:
    """The names of the suites, sorted."""
    return sorted(path.parent.name for path in SUITES.glob("*/__init__.py"))


def pytest_arguments(suites: Sequence[str], options: Iterable[str] = ()) -> list[str]:
    """The arguments by which pytest runs suites.

    Args:
        suites: their names; all suites where it is empty.
        options: options of pytest and of the plugin.

    Raises:
        AlphaRLBenchError: there is no suite of this name.
    """
    names = suite_names()
    for suite in suites:
        if suite not in names:
            raise AlphaRLBenchError(f"judge {suite}: {unknown('suite', suite, names)}")
    return [*_START, *map(_place, suites or [""]), *options]


def typed_command(arguments: Sequence[str]) -> str:
    """The command line that gave pytest these arguments.

    What `alpharl-bench judge` passes on is shown as that command.
    """
    if list(arguments[: len(_START)]) == _START:
        words, names = list(arguments[len(_START) :]), {_place(s): s for s in ["", *suite_names()]}
        suites = []
        while words and words[0] in names:
            suites.append(names[words.pop(0)])
        if suites:
            return shlex.join([*_JUDGE, *filter(None, suites), *words])
    return shlex.join(["pytest", *arguments])


def session_command(suite: str = "", package: str = "") -> str:
    """How a session is typed in the current folder; options go behind it.

    It is ``pytest suites/NAME`` in the root of a checkout, and ``alpharl-bench judge NAME``
    elsewhere.

    Args:
        suite: the name of a suite; all suites where it is empty.
        package: a package of another distribution, whose tests are run instead of these suites.
    """
    if package:
        return shlex.join(["pytest", *_START[:2], "--pyargs", package])
    words = [suite] if suite else []
    if Path("suites").resolve() == SUITES.resolve():
        return shlex.join(["pytest", "/".join(["suites", *words])])
    return shlex.join([*_JUDGE, *words])


def _place(suite: str) -> str:
    """How pytest is told of a suite, or of all by an empty name."""
    if PACKAGED:
        return ".".join([f"{_PACKAGE.name}.suites", *filter(None, [suite])])
    return str(SUITES / suite)
