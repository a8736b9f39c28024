"""The network of NExt (arXiv 2604.11446), and how it is trained."""

import torch
from torch import nn

#: Steps of AdamW, each on all examples. The authors take 1000, at a lower rate.
EPOCHS = 200
#: The first learning rate times the length of the vectors, and its most. The authors' 2e-5 is for
#: lengths of thousands: at 32 to 128 a network is far from trained after 1000 steps of it, and the
#: rate that suits those is too high for thousands.
LEARNING_RATE, MAX_LEARNING_RATE = 0.2, 1e-3
_BOTTLENECK = 256
# The learning rate falls along a cosine to this part of itself, as in the authors' code.
_LAST = 0.1
_SEED = 0


class TrajectoryNetwork(nn.Module):
    """Maps the global and the local update of a tensor to the one that is to come.

    Three blocks, without residual connections, as in the authors' code: one reads the global
    update, one the local, and one reads what both make of them. For σ, where d is 1, a block is one
    number wide inside: with six of ten seeds it came up dead and said the same whatever it read.

    Args:
        length: d of the vectors.
    """

    def __init__(self, length: int) -> None:
        super().__init__()
        self.of_global = _block(length, length)
        self.of_local = _block(length, length)
        self.of_both = _block(2 * length, length)

    def forward(self, global_: torch.Tensor, local: torch.Tensor) -> torch.Tensor:
        """(…, d) of each to (…, d)."""
        both = torch.cat([self.of_global(global_), self.of_local(local)], dim=-1)
        predicted: torch.Tensor = self.of_both(both)
        return predicted


def trained_network(
    global_: torch.Tensor, local: torch.Tensor, target: torch.Tensor
) -> TrajectoryNetwork:
    """Train a network by AdamW on the sum of absolute errors, the mean over checkpoints.

    The same tensors on the same device give the same weights.

    Args:
        global_: (P, K, d) float32, of K tensors at P checkpoints.
        local: (P, K, d).
        target: (P, K, d), what the network is to say.
    """
    length = target.shape[-1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        network = TrajectoryNetwork(length)
    network.to(target.device)
    rate = min(LEARNING_RATE / length, MAX_LEARNING_RATE)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS, rate * _LAST)
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        error = (network(global_, local) - target).abs().sum() / len(target)
        error.backward()
        optimizer.step()
        schedule.step()
    return network


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, _BOTTLENECK),
        nn.Linear(_BOTTLENECK, inputs),
        nn.ReLU(),
        nn.Linear(inputs, _BOTTLENECK),
        nn.Linear(_BOTTLENECK, outputs),
    )
