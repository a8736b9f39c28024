"""Digests of code: what changes them, what does not, and which modules they are of."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from alpharl_bench import source_code
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.source_code import code_digest, imported_sources, modules_of

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes modules of packages of their own; they are imported from there, and not executed."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(**files: str) -> None:
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/').replace('/init', '/__init__')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{textwrap.dedent(text)}\nraise SystemExit\n")

    yield write
    for known in (source_code._found, source_code._imported, modules_of):
        known.cache_clear()


CODE = '''
    """What it is."""

    def double(x):
        """Twice x."""
        # By adding.
        return x + x
'''


def test_comments_docstrings_and_layout_do_not_count(write: Write) -> None:
    write(keyed=CODE)
    before = code_digest("keyed")
    write(keyed="def double(x) :\n\n    return (x+x)\n")
    assert code_digest("keyed") == before
    write(keyed=CODE.replace("x + x", "2 * x"))
    assert code_digest("keyed") != before


def test_a_string_that_is_no_docstring_counts(write: Write) -> None:
    write(keyed="NAME = 'a'\n")
    before = code_digest("keyed")
    write(keyed="NAME = 'b'\n")
    assert code_digest("keyed") != before


def test_neither_order_nor_repetition_counts_but_the_name_does(write: Write) -> None:
    write(keyed_a="X = 1\n", keyed_b="X = 1\n")
    assert code_digest("keyed_a", "keyed_b") == code_digest("keyed_b", "keyed_a", "keyed_b")
    assert code_digest("keyed_a") != code_digest("keyed_b")


def test_imports_are_followed_to_what_defines_them(write: Write) -> None:
    write(
        keyed__init="from keyed.used import Used\nfrom keyed.unused import Unused\n",
        keyed__used="from keyed_other import thing\nfrom . import deep\n\nclass Used: ...\n",
        keyed__unused="class Unused: ...\n",
        keyed__deep="import json\n\ndef late():\n    from .later import LIMIT\n    return LIMIT\n",
        keyed__later="LIMIT = 3\n",
        keyed_other="thing = 1\n",
        keyed_start="import keyed.deep\nfrom keyed import Used\n",
    )
    found = imported_sources("keyed_start", ["keyed"])
    assert found == {"keyed_start", "keyed.used", "keyed.deep", "keyed.later"}
    assert imported_sources("keyed_start", ["keyed", "keyed_other"]) - found == {"keyed_other"}
    assert imported_sources("keyed_start", []) == {"keyed_start"}


def test_a_value_is_of_the_module_that_defines_it(write: Write) -> None:
    write(
        keyed__init="from keyed.limits import LIMIT\n",
        keyed__limits="LIMIT = 3\n",
        keyed_start="from keyed import LIMIT\n",
    )
    assert imported_sources("keyed_start", ["keyed"]) == {"keyed_start", "keyed.limits"}


def test_what_only_a_type_checker_reads_is_no_import(write: Write) -> None:
    write(
        keyed="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keyed_other\n",
        keyed_other="X = 1\n",
    )
    assert imported_sources("keyed", ["keyed_other"]) == {"keyed"}


def test_a_package_stands_for_all_of_its_modules(write: Write) -> None:
    write(keyed__init="", keyed__deep="X = 1\n")
    assert modules_of("keyed") == ("keyed", "keyed.deep")
    before = code_digest("keyed")
    assert before == code_digest("keyed.deep", "keyed") != code_digest("keyed.deep")
    write(keyed__deep="X = 2\n")
    assert code_digest("keyed") != before


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('"""T."""\nclass A:\n    """A."""\n    async def f(self):\n        """T."""', True),
        ("class A:\n    # Nothing.\n    async def f(self): pass", True),
        ("class A:\n    async def f(self): 'a text'; 'another'", False),
        ("class A:\n    async def f(self): return None", False),
        ("class A:\n    async def g(self): pass", False),
    ],
)
def test_code_is_what_runs(write: Write, text: str, same: bool) -> None:
    write(keyed="class A:\n  async def f(self):\n    pass")
    before = code_digest("keyed")
    write(keyed=text)
    assert (code_digest("keyed") == before) is same


def test_a_module_without_source_is_named() -> None:
    with pytest.raises(AlphaRLBenchError, match="module math: no source to digest"):
        code_digest("math")
