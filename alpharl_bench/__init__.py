"""alpharl-bench: the claims about RL weight dynamics as pytest suites (arXiv 2510.00553)."""

__version__ = "0.2.0"
