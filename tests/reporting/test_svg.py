"""Figures as SVG: small, the same each time, what others wrote is text."""

import io
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from alpharl_bench.reporting import svg
from tests.reporting.pictures import picture

HOSTILE = "</text><script>alert(1)</script> & \"x\" 'y'"


def drawn(name="name"):
    figure = Figure(figsize=(4, 3))
    axes = figure.subplots()
    x = np.linspace(0, 1, 40)
    axes.plot(x, x**2, "o-", color="#d1495b", alpha=0.5, label=name)
    axes.plot(x, x, "s", color="#0b6e99")
    axes.barh([0.2], [0.5], height=0.1, color="#e08e2b", hatch="///", edgecolor="white")
    axes.set_xlabel(name, parse_math=False)
    figure.legend()
    return figure


def test_the_same_figure_is_the_same_bytes_and_others_text_is_text(tmp_path):
    for name in ("one", "two"):
        svg.save(drawn(HOSTILE), tmp_path / name / "figure.svg")
    first, second = ((tmp_path / name / "figure.svg").read_bytes() for name in ("one", "two"))
    assert first == second
    assert b"<script" not in first
    shown = picture(tmp_path / "one" / "figure.svg")
    assert shown.texts.count(HOSTILE) == 2
    assert (shown.width, shown.height) == (288, 216)
    # 40 markers, the line, and those of the legend.
    assert shown.colours["#d1495b"] >= 42
    assert shown.colours["#0b6e99"] >= 40
    assert "<pattern" in first.decode()


def test_it_is_less_than_half_of_what_matplotlib_writes(tmp_path):
    plain = io.BytesIO()
    drawn().savefig(plain, format="svg")
    svg.save(drawn(), tmp_path / "small.svg")
    assert (tmp_path / "small.svg").stat().st_size < len(plain.getvalue()) / 2


@pytest.mark.browser
def test_a_browser_shows_what_matplotlib_draws(tmp_path, chromium):
    with mpl.rc_context({"font.sans-serif": ["DejaVu Sans"]}):
        drawn().savefig(tmp_path / "true.png", dpi=100)
        svg.save(drawn(), tmp_path / "ours.svg")
    (tmp_path / "page.html").write_text(
        "<body style='margin:0'><img src='ours.svg' style='width:400px;display:block'>"
    )
    page = chromium.new_page(viewport={"width": 400, "height": 300})
    page.goto((tmp_path / "page.html").as_uri())
    page.screenshot(path=tmp_path / "seen.png")
    true, seen = (
        np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGB"), dtype=float)
        for name in ("true", "seen")
    )
    assert true.shape == seen.shape
    # Edges are smoothed otherwise; in blocks of ten pixels only what is missing or moved is seen.
    true, seen = (x.reshape(30, 10, 40, 10, 3).mean(axis=(1, 3)).ravel() for x in (true, seen))
    assert np.corrcoef(true, seen)[0, 1] > 0.95


def test_numbers_keep_a_hundredth_of_a_point(tmp_path):
    svg.save(drawn(), tmp_path / "figure.svg")
    text = (tmp_path / "figure.svg").read_text()
    numbers = re.findall(r"[\d.]*\.\d+", " ".join(re.findall(r'(?:d|x|y)="([^"]*)"', text)))
    assert numbers
    assert max(len(number.split(".")[1]) for number in numbers) == 2
