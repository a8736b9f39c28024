"""Sequences in batches of like lengths."""

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """The indices of sequences, the longest first: memory that runs out does so early.

    Args:
        lengths: the lengths of the sequences.
        size: the maximum size of a batch.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    for start in range(0, len(order), size):
        yield order[start : start + size]
