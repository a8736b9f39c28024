"""What a start imports; ``python -m benchmarks.startup`` has the seconds that it takes."""

import json
import subprocess
import sys

import pytest

from alpharl_bench.lazy import torch
from tests.processes import ROOT

#: What takes a tenth of a second and more to import.
SLOW = (
    *("datasets", "lm_eval", "matplotlib", "pandas", "pebble", "ray", "scipy.linalg"),
    *("scipy.stats", "sklearn", "statsmodels", "sympy", "torch", "transformers", "trl"),
)
LOADED = "import json, sys; print(json.dumps([m for m in {slow!r} if m in sys.modules]))"


def loaded_by(statements):
    """Which slow modules are there when a new Python has done this, the last thing it prints."""
    code = "\n".join([*statements, LOADED.format(slow=(*SLOW, "xdist.scheduler"))])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("command", ["", "doctor", "judge", "zoo train"])
def test_help_loads_nothing_slow(command):
    words = ["alpharl-bench", *command.split(), "--help"]
    statements = ["import sys", f"sys.argv = {words!r}", "from alpharl_bench.cli import main"]
    statements += ["try: main()", "except SystemExit: pass"]
    assert loaded_by(statements) == []


def test_collecting_a_suite_loads_nothing_slow():
    # Other plugins load what they like: none but those of pytest, and this one.
    options = ["suites/property1", "--collect-only", "-q"]
    statements = ["import os, pytest", "os.environ['PYTEST_DISABLE_PLUGIN_AUTOLOAD'] = '1'"]
    statements += [f"assert pytest.main({options!r}) == 0"]
    assert loaded_by(statements) == []


def test_torch_is_loaded_by_its_first_use():
    assert loaded_by(["from alpharl_bench.lazy import torch"]) == []
    assert loaded_by(["from alpharl_bench.lazy import torch", "torch.float32"])[0] != []


def test_it_is_torch():
    import torch as genuine  # noqa: PLC0415

    assert torch.Tensor is genuine.Tensor
    with pytest.raises(AttributeError):
        _ = torch.no_such_name
