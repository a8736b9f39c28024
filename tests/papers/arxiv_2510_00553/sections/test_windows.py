"""What windows hold, as a table; their shuffles as curves of their own."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.sections import windows
from alpharl_bench.reporting import write_report
from alpharl_bench.reporting.views.scores import _curve
from alpharl_bench.windows import ScoredWindow
from tests.evidence import altered
from tests.reporting.pictures import picture
from tests.scores import report_text, session_of

HELD = [
    ScoredWindow("window-1", ("up", "q"), mlp=1, least=0.9, norm=0.6),
    ScoredWindow("window-1 of shuffle #0", ("k", "q"), mlp=0, least=0.4, norm=0.25),
]


@pytest.fixture
def evidence(synthetic):
    return altered(synthetic.evidence({"full": 0.9, "base": 0.2, "window-1": 0.8}), windows=HELD)


def test_a_row_says_what_a_window_holds(evidence):
    frame = windows.contents(evidence).set_index("window")
    assert list(frame.index) == ["window-1", "window-1 of shuffle #0"]
    assert list(frame.loc["window-1"]) == [2, 1, "0.900", "0.600", "0.800"]
    assert list(frame["of MLPs"]) == [1, 0]


def test_the_report_keeps_the_windows_and_has_the_section_only_where_there_are_some(
    synthetic, evidence, tmp_path
):
    judged = {synthetic.name: ["P2.3"]}
    session_of([synthetic.spec], {synthetic.name: evidence}, judged).save(tmp_path)
    text = write_report(tmp_path).read_text()
    assert text.count("## Windows of modules") == 1
    assert "| window-1 of shuffle #0 | 2 " in text
    # Two windows, of which the one with more of the update answers more.
    assert "over all orders: 1.00." in text
    shown = picture(tmp_path / "figures" / "windows.svg")
    assert "relative accuracy" in shown.texts
    without = altered(evidence, windows=[])
    session_of([synthetic.spec], {synthetic.name: without}, {synthetic.name: ["P1.1"]}).save(
        tmp_path
    )
    assert "Windows of modules" not in report_text(tmp_path)


def test_nothing_joins_the_curves_of_a_series(evidence):
    axes = Figure().subplots()
    _curve(axes, CLAIMS["P2.3"], evidence, ("black", "mine"))
    drawn = {bars.get_label(): bars.lines[0].get_xdata() for bars in axes.containers}
    assert list(drawn["mine"]) == [1, 2, 3, 4, 5]
    assert list(drawn["mine, shuffled"][:7]) == pytest.approx(
        [1, 2, 3, 4, 5, np.nan, 1], nan_ok=True
    )
