"""How near the engine comes to the dense decomposition."""

import torch


def cosine(found: torch.Tensor, truth: torch.Tensor) -> float:
    """|cos| of the angle between two vectors, in float64; neither has norm 1 to the last digit."""
    return abs(float(torch.cosine_similarity(found.double(), truth.double(), dim=0)))
