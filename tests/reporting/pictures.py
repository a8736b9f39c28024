"""What an SVG file draws, read by the XML parser of the standard library."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
#: All that a figure is made of: nothing that runs, links or loads.
TAGS = {
    *("svg", "defs", "style", "g", "path", "use", "text", "tspan"),
    *("clipPath", "pattern", "rect", "image"),
}


@dataclass(frozen=True)
class Picture:
    """``width`` and ``height`` in points, all texts, and how many elements have which colour."""

    width: float
    height: float
    texts: list[str]
    colours: Counter[str]


def picture(path: Path) -> Picture:
    """Reads a figure, and asserts that it is whole in itself."""
    root = ET.parse(path).getroot()  # noqa: S314
    assert {element.tag for element in root.iter()} <= {SVG + tag for tag in TAGS}
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    rules = dict(re.findall(r"\.(\w+)\{(.*?)\}", root.find(f".//{SVG}style").text))
    links = re.findall(r"url\((.*?)\)", "".join(rules.values()))
    assert {link.removeprefix("#") for link in links} <= set(ids)
    colours = Counter()
    for element in root.iter():
        assert not [name for name in element.attrib if name.startswith("on")]
        for link in (element.get(XLINK + "href", ""), element.get("clip-path", "")):
            assert re.fullmatch(r"|data:image/png;base64,.*|(url\()?#a\d+\)?", link, re.DOTALL)
            if named := re.search(r"#(\w+)", link):
                assert named[1] in ids
        if name := element.get("class"):
            colours.update(set(re.findall(r"(?:fill|stroke): (#\w+)", rules[name])))
    size = [float(root.get(name).removesuffix("pt")) for name in ("width", "height")]
    texts = ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]
    return Picture(*size, texts, colours)
