"""The pytest plugin: options, runs as parameters, verdicts as outcomes, the report at the end.

pytest loads it where ``-p alpharl_bench.plugin`` or a conftest names it, and nowhere else.
"""

from alpharl_bench.invocation import FIXTURES
from alpharl_bench.plugin.collection import (
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_generate_tests,
)
from alpharl_bench.plugin.declared_options import pytest_addoption
from alpharl_bench.plugin.keyboard_interrupt import pytest_keyboard_interrupt
from alpharl_bench.plugin.outcomes import (
    check,
    pytest_report_teststatus,
    pytest_runtest_makereport,
)
from alpharl_bench.plugin.paper_checks import check_printed
from alpharl_bench.plugin.plan import pytest_runtestloop
from alpharl_bench.plugin.scheduling import (
    pytest_configure_node,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
)
from alpharl_bench.plugin.selection import pytest_testnodedown
from alpharl_bench.plugin.trainings import (
    pytest_report_collectionfinish,
    pytest_xdist_node_collection_finished,
)

# pytest loads these with the plugin.
pytest_plugins = FIXTURES

__all__ = [
    "check",
    "check_printed",
    "pytest_addoption",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_generate_tests",
    "pytest_keyboard_interrupt",
    "pytest_report_collectionfinish",
    "pytest_report_teststatus",
    "pytest_runtest_makereport",
    "pytest_runtestloop",
    "pytest_testnodedown",
    "pytest_xdist_auto_num_workers",
    "pytest_xdist_make_scheduler",
    "pytest_xdist_node_collection_finished",
]
