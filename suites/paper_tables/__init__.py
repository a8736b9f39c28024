"""The paper's own numbers: averages and sentences."""
