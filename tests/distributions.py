"""Distributions of others, built as wheels and really installed into a folder of their own."""

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path


def install(
    folder: Path,
    name: str,
    modules: Mapping[str, str],
    entry_points: Mapping[str, Mapping[str, str]],
) -> None:
    """Build a wheel and have pip install it into ``folder``, without a network.

    Args:
        folder: for ``sys.path``.
        name: of the distribution, in letters alone.
        modules: the text of every file, by its path.
        entry_points: by group, by name: what each leads to.
    """
    info = f"{name}-1.0.dist-info"
    points = "\n".join(
        "\n".join([f"[{group}]", *(f"{point} = {value}" for point, value in values.items())])
        for group, values in entry_points.items()
    )
    files = {
        **modules,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/entry_points.txt": points,
    }
    record = f"{info}/RECORD"
    lines = [f"{path},," for path in (*files, record)]
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder.parent / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, record: "\n".join(lines)}.items():
            archive.writestr(path, text)
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet"]
    command = [*pip, "--disable-pip-version-check", "--target", folder, wheel]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
