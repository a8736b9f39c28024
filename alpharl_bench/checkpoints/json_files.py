"""JSON files beside weights, of which a model may lack any."""

import json
from pathlib import Path
from typing import Any


def object_in(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is no such file, or something else in it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
