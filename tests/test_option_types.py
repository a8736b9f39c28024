"""The types of options on odd texts, and that every option of both command lines has one."""

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import chdir, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st

from alpharl_bench import option_types
from alpharl_bench.cli import app
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.formatting import one_line
from alpharl_bench.option_types import (
    MOST,
    any_path,
    existing_file,
    existing_folder,
    existing_path,
    new_folder,
    number,
    rank,
    reference,
    require_writable,
    scale,
    seed,
    share,
    shown,
    whole_number,
    word,
    writable_folder,
)
from alpharl_bench.plugin import options
from alpharl_bench.plugin.options import run_specs_of
from tests.odd_values import ODD, odd_texts


@pytest.fixture(scope="module", autouse=True)
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A current folder with a file and a folder; what is written by mistake lands in it."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "file").write_text("{}")
    (folder / "folder").mkdir()
    with chdir(folder):
        yield folder
        assert sorted(path.name for path in folder.iterdir()) == ["file", "folder"]


def refused(read: Callable[[str], Any], text: str) -> str:
    """The one line by which a type refuses a text; empty where it takes it."""
    try:
        read(text)
    except AlphaRLBenchError as error:
        line = str(error)
        assert line
        assert one_line(line) == line
        assert len(line) < 300
        return line
    return ""


def whole(text: str) -> float:
    """A whole number by Python's own reading; NaN of anything else."""
    digits = text.lstrip("+-")
    plain = digits.isascii() and digits.isdecimal() and len(text) - len(digits) <= 1
    # Python takes no more digits than these; a number that long is out of every bound.
    return math.nan if not plain or len(digits) > 4000 else int(text)


def real(text: str) -> float:
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan


@given(odd_texts)
def test_a_number_is_taken_exactly_where_python_and_its_bounds_do(text: str) -> None:
    for read, fits in (
        (whole_number(1), 1 <= whole(text) <= MOST),
        (whole_number(-5, 5), -5 <= whole(text) <= 5),
        (seed, 0 <= whole(text) < 2**32),
        (number(0, 10, above=True), 0 < real(text) <= 10),
        (number(-2, 2), -2 <= real(text) <= 2),
        (share, 0 < real(text) <= 1),
        (scale, 1e-6 <= abs(real(text)) <= 1e6),
    ):
        assert (refused(read, text) == "") == fits
        if fits:
            assert read(text) == float(text)


@given(odd_texts)
@example("1%")
@example("100%")
def test_a_rank_is_a_whole_number_or_a_share(text: str) -> None:
    number, most = text.removesuffix("%"), 100 if text.endswith("%") else MOST
    assert (refused(rank, text) == "") == (1 <= whole(number) <= most)


@pytest.mark.parametrize("text", ODD, ids=[ascii(text[:20]) for text in ODD])
def test_a_path_is_taken_or_refused_in_one_line(text: str) -> None:
    for read in (word, reference, any_path, existing_path, writable_folder, new_folder):
        refused(read, text)
    for read in (existing_file, existing_folder):
        # None of them names a file; of folders these do.
        folders = {"/", "//", ".", "..", "~"}
        assert (refused(read, text) == "") == (read is existing_folder and text in folders)


@given(odd_texts)
def test_any_text_is_taken_or_refused_in_one_line(text: str) -> None:
    for read in (word, reference, any_path, existing_path, writable_folder, new_folder):
        refused(read, text)


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (any_path, "~nouser/x", "'~nouser/x' begins with the name of no user"),
        (any_path, "a" * 5000, f"'{'a' * 80}…': File name too long"),
        (any_path, "", "'' is empty"),
        (any_path, "a\0b", r"'a\x00b' holds a NUL character"),
        (any_path, "\ud800", r"'\ud800' is not UTF-8"),
        (existing_file, "folder", "'folder' is a folder; name a file"),
        (existing_folder, "file", "'file' is a file; name a folder"),
        (existing_file, "file/below", "'file/below' is not there"),
        (existing_path, "/dev/null", "'/dev/null' is neither a file nor a folder"),
        (new_folder, "folder", "'folder' is there already; name a new folder"),
        (new_folder, "new/../folder", "'new/../folder' is there already; name a new folder"),
        (new_folder, "new/../..", "is there already"),
        (reference, "/", "'/' is the root of all folders"),
        (new_folder, "file/below", "/file is no folder; name another"),
        (new_folder, "x/" + "a" * 250, "is too long; name another folder"),
        (writable_folder, "/", "'/' is the root of all folders; name a folder in it"),
        (writable_folder, "folder/../../../../../../../..", "is the root of all folders"),
        (writable_folder, "file", "/file is no folder; name another"),
        (writable_folder, "/proc/none", "'/proc/none': "),
    ],
)
def test_what_is_wrong_with_a_path_is_said(
    read: Callable[[str], Any], text: str, message: str
) -> None:
    assert message in refused(read, text)


def test_home_is_expanded_wherever_a_path_is_read_or_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert any_path("~/x") == writable_folder("~/x") == new_folder("~/x") == tmp_path / "x"
    assert existing_folder("~") == tmp_path


def test_a_link_to_nowhere_and_one_to_itself_are_no_folders(tmp_path: Path) -> None:
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("nowhere", "loop"):
        for read in (existing_path, writable_folder, new_folder):
            assert refused(read, str(tmp_path / name))


def test_a_folder_that_nobody_may_write_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", "/a/scratch/file")

    monkeypatch.setattr(option_types.tempfile, "TemporaryFile", denied)
    with pytest.raises(AlphaRLBenchError) as raised:
        require_writable(tmp_path / "new" / "folder")
    assert str(raised.value) == (
        f"{shown(str(tmp_path / 'new' / 'folder'))}: Permission denied; give this user access, or "
        "name another place"
    )


def parameters() -> Iterator[tuple[str, Any, Any]]:
    """Every option and argument of every command that takes a text."""
    group = typer.main.get_command(app)
    commands = dict(group.commands)
    zoo = commands.pop("zoo")
    commands |= {f"zoo {name}": command for name, command in zoo.commands.items()}
    # What follows the suites is pytest's.
    del commands["judge"]
    for name, command in commands.items():
        for parameter in command.params:
            if not getattr(parameter, "is_flag", False) and parameter.name != "help":
                yield name, command, parameter


PARAMETERS = list(parameters())


def value_of(command: Any, parameter: Any, text: str) -> Any:
    """What a command line makes of a text; None where it refuses it."""
    given = (text,) if parameter.nargs == -1 or parameter.multiple else text
    try:
        return parameter.process_value(typer.Context(command), given)
    except typer.TyperException as error:
        return None if error.format_message() else error


@given(st.sampled_from(PARAMETERS), odd_texts)
def test_every_option_of_a_command_is_read_or_refused(
    named: tuple[str, Any, Any], text: str
) -> None:
    _, command, parameter = named
    value = value_of(command, parameter, text)
    # A number is the one that was typed.
    assert not isinstance(value, float | int) or value == float(text)


@pytest.mark.parametrize(("name", "command", "parameter"), PARAMETERS)
def test_no_option_of_a_command_is_without_a_type(name: str, command: Any, parameter: Any) -> None:
    assert value_of(command, parameter, "") is None
    assert value_of(command, parameter, "\0") is None


def test_there_are_options() -> None:
    assert len(PARAMETERS) > 30


def refused_by_pytest(config: pytest.Config, argument: str) -> bool:
    try:
        config._parser.parse([argument])
    except pytest.UsageError:
        return True
    return False


def test_every_option_of_pytest_is_read_or_refused(pytestconfig: pytest.Config) -> None:
    (group,) = [g for g in pytestconfig._parser._groups if g.name == "alpharl-bench"]
    ours = [option for option in group.options if option.attrs().get("nargs") != 0]
    assert len(ours) > 20
    for option in ours:
        (name,), read = option.names(), option.attrs().get("type")
        assert read or option.attrs().get("choices"), f"{name}: has no type"
        assert refused_by_pytest(pytestconfig, f"{name}=")
        for text in ODD if read else ():
            with suppress(argparse.ArgumentTypeError):
                value = read(text)
                assert isinstance(value, str | Path) or value == float(text)


@pytest.mark.parametrize("name", ["run", "tasks", "data_dir"])
def test_what_a_type_takes_may_be_refused_before_anything_runs(
    pytestconfig: pytest.Config, name: str
) -> None:
    """Names of files and tasks that are not there: one line, as pytest's hooks ask for it."""
    for text in ODD:
        given_ = dict(vars(pytestconfig.option))
        read = {"run": reference, "tasks": word, "data_dir": any_path}[name]
        if refused(read, text) or text in {"/", "//", "~", ".", ".."}:
            continue
        given_[name] = read(text)
        config: Any = SimpleNamespace(stash=pytest.Stash(), getoption=given_.__getitem__)
        with pytest.raises(AlphaRLBenchError):
            _ = [options.options(config, spec) for spec in run_specs_of(config)]
