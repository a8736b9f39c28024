"""Figures as small SVG files: the same figure gives the same bytes, and no file runs a script."""

import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.figure import Figure

from alpharl_bench.cache import whole_file

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# Text stays text, which can be searched; ids and dates do not change from one drawing to the next.
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "alpharl-bench",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
}
_NOTHING_ELSE = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_NUMBER = re.compile(r"-?\d+\.\d+")
_REFERENCE = re.compile(r"#([\w-]+)")
#: In a style, where a ``#`` alone begins a colour; hatchings are referred to there.
_FILLED_BY = re.compile(r"(?<=url\(#)[\w-]+")
#: Attributes that hold lengths, in points: a hundredth of one is not seen.
_LENGTHS = ("d", "x", "y", "transform")
#: Attributes that name another element.
_LINKS = ("clip-path", f"{{{_XLINK}}}href")


def save(figure: Figure, path: Path) -> None:
    """Write a figure to ``path``, whose folder is made if it is missing.

    Raises:
        OSError: it cannot be written.
    """
    drawn = io.BytesIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(drawn, format="svg", metadata=_NOTHING_ELSE)
    with whole_file(path) as scratch:
        scratch.write_bytes(_compact(drawn.getvalue()))


def _compact(drawn: bytes) -> bytes:
    """The same picture in about a third of the bytes: each style once, short ids and lengths."""
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(drawn)  # noqa: S314  (of matplotlib)
    classes: dict[str, str] = {}
    names: dict[str, str] = {}
    for element in root.iter():
        for key, value in element.attrib.items():
            if key in _LENGTHS:
                element.set(key, _NUMBER.sub(_rounded, " ".join(value.split())))
            elif key in _LINKS:
                element.set(key, _REFERENCE.sub(lambda m: f"#{_short(names, m[1])}", value))
        if "style" in element.attrib:
            style = element.attrib.pop("style")
            style = _FILLED_BY.sub(lambda m: _short(names, m[0]), style)
            element.set("class", _short(classes, style))
        if element.tag != f"{{{_SVG}}}text" and not (element.text or "").strip():
            element.text = None
        element.tail = None
    for element in root.iter():
        if (name := element.attrib.pop("id", None)) in names:
            element.set("id", names[name])
    rules = "".join(f".{name}{{{style}}}" for style, name in classes.items())
    sheet = next(root.iter(f"{{{_SVG}}}style"))
    sheet.text = f"{sheet.text}{rules}"
    return f"{ET.tostring(root, encoding='unicode')}\n".encode()


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _short(known: dict[str, str], name: str) -> str:
    """A short name, the same for the same long one."""
    return known.setdefault(name, f"a{len(known)}")
