"""What Tables 1, 3 and 4 of the paper say of AlphaRL, as the claims' statistics and as printed.

By the printed averages, some of which are not those of their columns: :mod:`alpharl_bench.printed`.
"""

from collections.abc import Iterator

from alpharl_bench.papers.arxiv_2510_00553.claims.reference import FOLDER
from alpharl_bench.printed import Block, Table, load_tables

_FULL = "Fully Trained Model"
_FORECAST = "+AlphaRL"


def _main() -> Table:
    return load_tables(FOLDER)["table-1"]


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


def by_run(percent: int) -> dict[str, tuple[float, float, float]]:
    """Checkpoint, AlphaRL of it and fully trained model at a stage, by run, as shares.

    Of a run that stands in two tables with the same numbers the first is taken: DAPO of Table 1.
    """
    found: dict[tuple[float, float, float], str] = {}
    for name in ("table-1", "table-3", "table-4"):
        table = load_tables(FOLDER)[name]
        for block in table.blocks:
            last, predicted, full = (
                _average(table, block, row)
                for row in (_row(percent, forecast=False), _row(percent, forecast=True), _FULL)
            )
            found.setdefault((last, predicted, full), block.name)
    return {name: numbers for numbers, name in found.items()}


def _gains() -> Iterator[tuple[float, str]]:
    for table in (_main(), load_tables(FOLDER)["table-3"]):
        for block in table.blocks:
            for label in block.labels:
                if label.endswith(_FORECAST):
                    before = label.removesuffix(_FORECAST)
                    gain = _average(table, block, label) - _average(table, block, before)
                    yield gain, f"{block.name.split()[0]} at {before.removeprefix('Training ')}"
