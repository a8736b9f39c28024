"""Load the plugin for the suites, and pytester for the tests of the plugin."""

pytest_plugins = ["alpharl_bench.plugin", "pytester"]
