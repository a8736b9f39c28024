"""Runs on disk: which folders are checkpoints, and their order."""

from pathlib import Path

import pytest

from alpharl_bench.checkpoints import Checkpoint, open_run
from alpharl_bench.errors import AlphaRLBenchError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the Hugging Face Trainer leaves, and things that only look like it."""
    for name in ("checkpoint-10", "checkpoint-2", "checkpoint-100", "runs", "checkpoint-30-tmp"):
        (tmp_path / name).mkdir()
    for name in ("checkpoint-5", "trainer_state.json"):
        (tmp_path / name).touch()
    return tmp_path


def test_checkpoints_are_sorted_by_step_not_by_name(folder: Path) -> None:
    run = open_run("mine", folder / "base", folder)
    assert run.steps == (2, 10, 100)
    assert run.base == folder / "base"
    assert run.checkpoints == tuple(
        Checkpoint(step, folder / f"checkpoint-{step}") for step in (2, 10, 100)
    )


def test_the_final_checkpoint_and_that_of_a_step(folder: Path) -> None:
    run = open_run("mine", folder / "base", folder)
    assert run.final == run.at(None) == run.at(100)
    assert run.at(10).path == folder / "checkpoint-10"


def test_a_step_that_was_not_saved(folder: Path) -> None:
    run = open_run("mine", folder / "base", folder)
    with pytest.raises(AlphaRLBenchError, match=r"'mine' .* step 5; it has \[2, 10, 100\]"):
        run.at(5)


def test_a_folder_without_a_checkpoint(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(AlphaRLBenchError) as caught:
            open_run("mine", tmp_path, folder)
        assert "'mine'" in str(caught.value)
        assert str(folder) in str(caught.value)
