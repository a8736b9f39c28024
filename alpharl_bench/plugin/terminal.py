"""What a session prints at its end, and the report that it writes."""

import shlex
from collections import defaultdict

import pytest

from alpharl_bench.bench import Bench
from alpharl_bench.claims import CLAIMS
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.plugin.options import report_folder, sampling
from alpharl_bench.plugin.outcomes import CLAIM, RUN, SUMMARY, VERDICT
from alpharl_bench.registry import load_registry
from alpharl_bench.registry.load import unknown
from alpharl_bench.reporting import record, write_report

_judged: pytest.StashKey[dict[str, list[str]]] = pytest.StashKey()
_summaries: pytest.StashKey[list[str]] = pytest.StashKey()
