"""Whose forecasts are made anew after an edit, in a copy of the package that is edited."""

import json
import shutil
from pathlib import Path

import pytest

import alpharl_bench
from tests.processes import run_script

#: Edits one file after the other, each undone before the next, and prints the digests of each.
SCRIPT = """
import json, multiprocessing, sys
from pathlib import Path
import huggingface_hub.errors, peft, sklearn
from alpharl_bench.source_code import _digest

# An edit that leaves size and second alone would be taken for what was compiled before.
sys.dont_write_bytecode = True
# Parsed once for all: what is edited has another content.
for file in Path("alpharl_bench").rglob("*.py"):
    _digest(file.read_bytes())

def digests():
    import alpharl_bench
    assert Path(alpharl_bench.__file__).parents[1] == Path.cwd()
    from alpharl_bench.forecast import all_methods
    from alpharl_bench.forecast.identity import method_digest
    return {name: method_digest(name) for name in all_methods()}

for path, old, new in json.loads(sys.argv[1]):
    file = Path("alpharl_bench") / path
    before = file.read_text() if file.exists() else None
    text = before or ""
    assert old in text, (path, old)
    file.write_text(text.replace(old, new, 1) if old else text + new)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        print(json.dumps(pool.apply(digests)), flush=True)
    file.unlink() if before is None else file.write_text(before)
"""
NEW = """
from dataclasses import dataclass

from alpharl_bench.forecast import Forecaster, forecast_method


@forecast_method("new", title="New", reference="arXiv 2700.00001")
@dataclass(frozen=True)
class New(Forecaster):
    def _fit(self, prefix):
        raise NotImplementedError
"""
#: What is edited: the file, what is replaced in it ("" ends it), and by what.
EDITS = {
    "nothing": ("forecast/__init__.py", "", ""),
    "a new method": ("forecast/methods/new.py", "", NEW),
    "a method": ("forecast/methods/expo.py", "1 + (", "2 + ("),
    "its docstring": ("forecast/methods/expo.py", "of all parameters", "of every parameter"),
    "its title": ("forecast/methods/expo.py", 'title="ExPO"', 'title="Expo"'),
    "the network of NExt": ("forecast/next_network.py", "EPOCHS = 200", "EPOCHS = 201"),
    "the line of three methods": ("forecast/line.py", "1.0 if", "2.0 if"),
    "PLS": ("dynamics/pls.py", "", "SLACK = 1\n"),
    "t-SNE": ("dynamics/embedding.py", "", "SLACK = 1\n"),
    "target selection": ("forecast/selection.py", "np.argmax", "np.argmin"),
    "the prefix": ("forecast/prefix.py", "", "SLACK = 1\n"),
    "the decomposition": ("spectral/solvers.py", "", "SLACK = 1\n"),
    "the report": ("reporting/forecast_methods.py", "", "SLACK = 1\n"),
    "the command": ("forecast/make.py", "", "SLACK = 1\n"),
}
ALPHARL = {"alpharl", "alpharl-matched", "alpharl-code", "alpharl-oracle"}


@pytest.fixture(scope="module")
def digests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """By edit, the digest of every method."""
    folder = tmp_path_factory.mktemp("copy")
    package = Path(alpharl_bench.__file__).parent
    # With what is compiled of it: a copied file has its time of change.
    ignored = shutil.ignore_patterns("bases")
    shutil.copytree(package, folder / "alpharl_bench", ignore=ignored)
    script = folder / "digests.py"
    script.write_text(SCRIPT)
    done = run_script(script, json.dumps(list(EDITS.values())))
    assert done.returncode == 0, done.stderr
    return dict(zip(EDITS, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize(
    ("edit", "anew"),
    [
        ("a new method", {"new"}),
        ("a method", {"expo"}),
        ("its docstring", set()),
        ("its title", {"expo"}),
        ("the network of NExt", {"next"}),
        ("the line of three methods", {"expo", "first-update", "rlvr-weights"}),
        ("PLS", ALPHARL),
        ("t-SNE", set()),
        ("the report", set()),
        ("the command", set()),
    ],
)
def test_an_edit_makes_those_forecasts_anew_that_it_decides(digests, edit, anew) -> None:
    before, after = digests["nothing"], digests[edit]
    assert {name for name in after if after[name] != before.get(name)} == anew


@pytest.mark.parametrize("edit", ["target selection", "the prefix", "the decomposition"])
def test_an_edit_of_what_all_methods_share_makes_all_forecasts_anew(digests, edit) -> None:
    before, after = digests["nothing"], digests[edit]
    assert before.keys() == after.keys()
    assert all(after[name] != before[name] for name in before)
