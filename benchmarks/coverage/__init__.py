"""How often intervals cover the truth, verdicts are false, and samples are saved, by simulation.

    python -m benchmarks.coverage            all tables
    python -m benchmarks.coverage extremes   one of them

Whatever is simulated is judged by the functions that judge a session. Beside them stand ways of
judging that are known to be wrong, which must fail. docs/statistics.md explains the tables.
"""
