"""Load the plugin and the fixtures for the suites, and pytester for the tests of the plugin."""

pytest_plugins = ["alpharl_bench.plugin", "fixtures.runs", "fixtures.verdicts", "pytester"]
