"""JSON files beside weights, of which a model may lack any."""

from pathlib import Path
from typing import Any

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.limits import CONFIG_BYTES
from alpharl_bench.untrusted import parsed, read_text


def object_in(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is no such file, or something else in it."""
    try:
        content = parsed(read_text(path, CONFIG_BYTES))
    except (OSError, ValueError, AlphaRLBenchError):
        return {}
    return content if isinstance(content, dict) else {}
