"""What the package says: no text advises a user to part with weights, logs or results."""

import ast
import re
from pathlib import Path

import alpharl_bench

PACKAGE = Path(alpharl_bench.__file__).parent
PARTING = re.compile(
    r"\b(remov|delet|eras|wip(e|ing)\b|rm -|clean(s|ed)? (up|out)|throw away)", re.IGNORECASE
)
#: Texts about what this package made itself and can make again, by a part of each.
OF_OUR_OWN = (
    "remove these, ",
    "nothing to remove",
    "not removed: ",
    "`alpharl-bench zoo clean` removes runs",
    "would remove each other's checkpoints",
)


def texts(path: Path) -> list[str]:
    """The text of every string of a module that is no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, holders) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


def test_no_text_advises_to_part_with_anything() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}: {text}"
        for path in PACKAGE.rglob("*.py")
        for text in texts(path)
        # A word of its own: names of options and functions are no advice.
        if " " in text.strip() and PARTING.search(text)
        if not any(own in text for own in OF_OUR_OWN)
    }
    assert found == set()


def test_the_texts_of_an_f_string_count() -> None:
    assert PARTING.search("please delete the folder")
    assert PARTING.search("remove one of them")
    assert not PARTING.search("a folder of its own")
