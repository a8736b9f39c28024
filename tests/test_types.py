"""The package, its suites and its scripts are typed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: It takes about a minute, and one core.
pytestmark = pytest.mark.first


def test_mypy_finds_nothing():
    pytest.importorskip("mypy", reason="of the extra 'dev'")
    done = subprocess.run(
        [sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
