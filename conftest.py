"""Load the plugin and the fixtures for the suites."""

pytest_plugins = ["alpharl_bench.plugin", "fixtures.runs", "fixtures.verdicts"]
