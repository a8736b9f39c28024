"""The questions of the benchmarks: on the Hub, or in local files."""

from functools import cache
from pathlib import Path

from alpharl_bench.cache import content_key
from alpharl_bench.errors import AlphaRLBenchError, reason_of
from alpharl_bench.extras import requiring
from alpharl_bench.limits import QUESTIONS_BYTES
from alpharl_bench.scoring.catalogue import Benchmark
from alpharl_bench.untrusted import parsed, read_text


def local_file(benchmark: Benchmark, folder: Path) -> Path:
    """The file of a benchmark below ``--data-dir``, checked line by line.

    One JSON object a line with the fields ``question`` and ``answer``, for a benchmark of choices
    also ``wrong``, the list of the other choices.

    Raises:
        AlphaRLBenchError: there is no such file, or a line of it is no question.
    """
    path = folder / f"{benchmark.name}.jsonl"
    try:
        lines = read_text(path, QUESTIONS_BYTES).splitlines()
    except OSError as error:
        raise AlphaRLBenchError(
            f"--data-dir {folder}: {path.name} cannot be read ({error.strerror}); it holds "
            f"{benchmark.title}, one JSON object a line with the fields question and answer"
        ) from error
    if not lines:
        raise AlphaRLBenchError(f"{path}: holds no question")
    for number, line in enumerate(lines, 1):
        # The line itself is not shown: a question of a gated set must not reach a log.
        fault = _fault(line)
        if fault:
            raise AlphaRLBenchError(f"{path}:{number}: {fault}")
    return path


def documents(benchmark: Benchmark, folder: Path | None) -> list[dict[str, str]]:
    """All questions of a benchmark as its task sees them: id, question, answer and kind.

    Args:
        benchmark: a benchmark of the catalogue.
        folder: the folder of local files; None for the Hub.

    Raises:
        AlphaRLBenchError: the questions cannot be had, and how to get them.
    """
    # Imported here: both take seconds, and the nano lane needs none of it.
    with requiring("score"):
        from datasets import Dataset, config, load_dataset  # noqa: PLC0415

    from alpharl_bench.scoring.lm_eval_tasks.functions import benchmark_docs  # noqa: PLC0415

    if folder is not None:
        lines = read_text(local_file(benchmark, folder), QUESTIONS_BYTES).splitlines()
        raw = Dataset.from_list([parsed(line) for line in lines])
    else:
        # Where it does not answer its client tries for a minute, for each benchmark anew.
        config.HF_HUB_OFFLINE = config.HF_HUB_OFFLINE or not _hub_answers()
        try:
            raw = load_dataset(benchmark.dataset, benchmark.subset, split=benchmark.split)
        # The Hub's client fails in many ways, none of which share a class.
        except Exception as error:
            raise AlphaRLBenchError(_unavailable(benchmark, error)) from error
    return list(benchmark_docs(raw))


@cache
def _hub_answers() -> bool:
    """Whether the Hub can be reached: asked once in a process, without a second try."""
    from huggingface_hub import constants, get_session  # noqa: PLC0415
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # noqa: PLC0415
        HTTPError,
        OfflineModeIsEnabled,
    )

    try:
        get_session().head(constants.ENDPOINT, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except (HTTPError, OfflineModeIsEnabled):
        return False
    return True


def digest(benchmark: Benchmark, folder: Path | None) -> str:
    """A content key of a benchmark's questions and answers."""
    return content_key(documents=documents(benchmark, folder))


def _fault(line: str) -> str:
    try:
        row = parsed(line)
    except ValueError as error:
        return f"not JSON ({reason_of(error)})"
    if not isinstance(row, dict):
        return "not a JSON object"
    for field in ("question", "answer"):
        if not isinstance(row.get(field), str) or not row[field].strip():
            return f"the field '{field}' must be a text"
    wrong = row.get("wrong", [])
    if not isinstance(wrong, list) or len(wrong) not in {0, 3}:
        return "the field 'wrong' must be a list of the three other choices"
    return ""


def _unavailable(benchmark: Benchmark, error: Exception) -> str:
    place = f"https://huggingface.co/datasets/{benchmark.dataset}"
    local = (
        f"or name a folder with {benchmark.name}.jsonl by --data-dir, or leave it out of --tasks"
    )
    if "gated" in str(error).lower() or "Gated" in type(error).__name__:
        return (
            f"task '{benchmark.name}': {benchmark.title} is behind a gate on the Hub; accept its "
            f"conditions at {place}, then log in with `hf auth login` or set HF_TOKEN; {local}"
        )
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"task '{benchmark.name}': {place} cannot be fetched ({reason}); {local}"
