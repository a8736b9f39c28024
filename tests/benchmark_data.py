"""Questions for the benchmarks: the real sets where they lie beside the checkout, else our own."""

from pathlib import Path

#: A few questions of our own for every benchmark.
OWN = Path(__file__).parent / "data" / "benchmarks"
_REAL = Path(__file__).parents[2] / "shared" / "data"
#: The real sets, None where there are none.
REAL = _REAL if (_REAL / "math500.jsonl").is_file() else None
#: How many questions the real ones have.
SIZES = {"aime24": 30, "aime25": 30, "math500": 500, "minerva": 272, "gsm8k": 1319}
