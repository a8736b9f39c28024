"""Where a signal comes is chance: also at an instruction that belongs to no line."""

import pytest

from alpharl_bench.plugin import pytest_keyboard_interrupt


def interrupted() -> None:
    raise KeyboardInterrupt


# CPython has instructions of no line, as where a block ends; here all are.
interrupted.__code__ = interrupted.__code__.replace(co_linetable=b"")


@pytest.fixture
def excinfo():
    try:
        interrupted()
    except KeyboardInterrupt:
        return pytest.ExceptionInfo.from_current()


def test_pytest_s_own_report_fails_on_a_place_without_a_line(excinfo):
    with pytest.raises(TypeError):
        excinfo.getrepr(funcargs=True)


def test_an_interrupt_between_two_lines_is_reported_by_the_lines_around_it(excinfo):
    pytest_keyboard_interrupt(excinfo)
    shown = str(excinfo.getrepr(funcargs=True))
    assert "interrupted()" in shown
    assert "KeyboardInterrupt" in shown
