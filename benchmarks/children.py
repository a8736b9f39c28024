"""Run a piece of work in a process of its own, and what the operating system says it took.

Whoever calls this must stay small: to Linux the peak memory of a child is never below that of the
process that started it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a child took: seconds, of the clock and of all cores, and its peak memory in bytes.

    ``result`` is the JSON object that it printed as its last line, empty if it printed nothing.
    """

    seconds: float
    core_seconds: float
    peak: int
    result: dict[str, Any]


def run(module: str, *arguments: str | Path, **environment: str) -> Measured:
    """Run ``python -m benchmarks.MODULE``.

    Raises:
        SystemExit: it failed; it has said why on standard error.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    root = Path(__file__).parents[1]
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=output, cwd=root, env=os.environ | environment)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{' '.join(command)}: exit status {child.returncode}")
        output.seek(0)
        lines = output.read().splitlines()
    return Measured(
        seconds,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * _RSS_UNIT,
        json.loads(lines[-1]) if lines else {},
    )


# macOS counts bytes, Linux KiB.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
