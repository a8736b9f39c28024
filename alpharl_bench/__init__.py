"""alpharl-bench: the claims about RL weight dynamics as pytest suites (arXiv 2510.00553)."""

import os

# torch then asks the driver whether there is a GPU. It would start CUDA otherwise, and a process
# that is forked afterwards could not use it.
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")

__version__ = "0.2.0"
