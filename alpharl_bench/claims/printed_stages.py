"""What Tables 1 and 3 of the paper say of AlphaRL, as the claims' statistics and as printed.

By the printed averages, some of which are not those of their columns (:mod:`alpharl_bench.paper`).
"""

from collections.abc import Iterator

from alpharl_bench.paper import Block, Table, load_tables

_FULL = "Fully Trained Model"
_FORECAST = "+AlphaRL"


def _main() -> Table:
    return load_tables()["table-1"]


def _average(table: Table, block: Block, row: str) -> float:
    """The printed average of a row, a share."""
    return float(table.number(block, row, "Avg.").value) / 100


def _row(percent: int, *, forecast: bool) -> str:
    return f"Training {percent}%{_FORECAST if forecast else ''}"


def _signed(number: float) -> str:
    return f"{number:.3f}".replace("-", "−")


def algorithms() -> list[str]:
    """The algorithms of Table 1, in its order."""
    return [block.name.split()[0] for block in _main().blocks]


def relative_accuracies(percent: int, *, forecast: bool) -> list[str]:
    """A stage over the fully trained model, for every algorithm of Table 1."""
    table = _main()
    return [
        _signed(
            _average(table, block, _row(percent, forecast=forecast)) / _average(table, block, _FULL)
        )
        for block in table.blocks
    ]


def forecast_minus_checkpoint(early: int, late: int) -> list[str]:
    """AlphaRL of one stage minus the checkpoint of another, for every algorithm of Table 1."""
    table = _main()
    return [
        _signed(
            _average(table, block, _row(early, forecast=True))
            - _average(table, block, _row(late, forecast=False))
        )
        for block in table.blocks
    ]


def least_gain() -> str:
    """AlphaRL minus the checkpoint of its stage, the least of Tables 1 and 3, and where it is."""
    gain, where = min(_gains())
    return f"{_signed(gain)} ({where})"


def _gains() -> Iterator[tuple[float, str]]:
    for table in (_main(), load_tables()["table-3"]):
        for block in table.blocks:
            for label in block.labels:
                if label.endswith(_FORECAST):
                    before = label.removesuffix(_FORECAST)
                    gain = _average(table, block, label) - _average(table, block, before)
                    yield gain, f"{block.name.split()[0]} at {before.removeprefix('Training ')}"
