"""How far runs are, and what they will still take."""

import subprocess
import sys

from alpharl_bench.runs import disk
from alpharl_bench.runs.bases import parameter_count
from alpharl_bench.runs.status import (
    missing_bytes,
)


def test_the_cost_of_a_run_is_four_bytes_a_parameter_and_checkpoint(grpo, tiny_registry, empty):
    parameters = parameter_count(tiny_registry.model("tiny"))
    assert disk.run_bytes(1_000_000, 20) == 80_000_000
    assert missing_bytes(grpo, tiny_registry) == 4 * parameters * (3 + 4)


def test_where_runs_stand_is_told_without_torch(empty):
    code = (
        "import sys; from alpharl_bench.registry import load_registry;"
        "from alpharl_bench.runs.status import training_status as status; r = load_registry();"
        "print({status(run, r).state for run in r.runs.values()}, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["{'not", "trained'}", "False"]
