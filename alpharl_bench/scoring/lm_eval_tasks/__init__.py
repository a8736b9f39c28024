"""The tasks as lm-eval reads them: one YAML file each, and the functions that these name."""
