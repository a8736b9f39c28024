"""§2 and §4 of what the model would say: read, not sampled."""
