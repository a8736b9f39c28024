"""What a run's folder says about how well its checkpoints do."""

import json
from pathlib import Path

import pytest

from alpharl_bench.checkpoints import accuracies_in, read_accuracies
from alpharl_bench.errors import AlphaRLBenchError

STEPS = (10, 20)


@pytest.fixture(params=["", "exp/saved_models"])
def container(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Where the step folders lie: in the run's folder or deeper."""
    for step in STEPS:
        folder = tmp_path / request.param / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / "model.safetensors").touch()
    return tmp_path / request.param


def refusal(folder: Path) -> str:
    with pytest.raises(AlphaRLBenchError) as caught:
        read_accuracies(folder, STEPS)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def state(path: Path, *log: dict[str, float]) -> None:
    path.write_text(json.dumps({"global_step": 20, "log_history": log}))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("accuracies.json", '{"20": 0.5, "10": 0.25, "0": 0, "30": 1}'),
        (
            "accuracies.json",
            """[{"step": 20, "accuracy": 0.5}, {"step": 10, "accuracy": 0.25, "seed": 1},
            {"step": 0, "accuracy": 0}, {"step": 30, "accuracy": 1}]""",
        ),
        ("accuracies.csv", "step,accuracy\n20,0.5\n10,0.25\n0,0\n30,1\n"),
        ("accuracies.csv", "task, accuracy, step\na, 0.5, 20\na, 0.25, 10\na, 0, 0\na, 1, 30\n"),
    ],
)
def test_the_files_that_a_user_writes(
    tmp_path: Path, container: Path, name: str, text: str
) -> None:
    (container / name).write_text(text)
    found = read_accuracies(tmp_path, STEPS)
    assert found is not None
    assert found.values == {0: 0, 10: 0.25, 20: 0.5, 30: 1}
    assert found.source == container / name
    assert found.measure == "accuracy"


def test_the_rewards_that_trl_logs(tmp_path: Path, container: Path) -> None:
    log: list[dict[str, float]] = [
        {"step": 5, "reward": 0.1, "loss": 7},
        {"step": 10, "reward": 0.4, "loss": 7},
        {"step": 10, "eval_reward": 9},
        {"step": 15, "reward": 0.5},
        {"step": 20, "reward": 0.6},
        {"step": 25, "reward": 99},
        {"step": 20, "train_runtime": 12.0},
    ]
    state(container / "checkpoint-10" / "trainer_state.json")
    state(container / "checkpoint-20" / "trainer_state.json", *log)
    found = read_accuracies(tmp_path, STEPS)
    assert found is not None
    assert found.values == pytest.approx({10: (0.1 + 0.4) / 2, 20: (0.5 + 0.6) / 2})
    assert found.source == container / "checkpoint-20" / "trainer_state.json"
    assert found.measure == "mean training reward"


def test_a_state_beside_the_checkpoints(tmp_path: Path, container: Path) -> None:
    state(container / "trainer_state.json", {"step": 10, "reward": -3}, {"step": 20, "reward": 4})
    found = read_accuracies(tmp_path, STEPS)
    assert found is not None
    assert found.values == {10: -3, 20: 4}  # a reward need not be a fraction


def test_the_order_of_the_files(tmp_path: Path, container: Path) -> None:
    state(container / "trainer_state.json", {"step": 10, "reward": 0}, {"step": 20, "reward": 1})
    (container / "accuracies.csv").write_text("step,accuracy\n10,0.1\n20,0.2\n")
    (container / "accuracies.json").write_text('{"10": 0.3, "20": 0.4}')
    for name in ("accuracies.json", "accuracies.csv", "trainer_state.json"):
        found = read_accuracies(tmp_path, STEPS)
        assert found is not None
        assert found.source == container / name
        found.source.unlink()
    assert read_accuracies(tmp_path, STEPS) is None


def test_a_run_that_logs_no_reward(tmp_path: Path, container: Path) -> None:
    state(container / "trainer_state.json", {"step": 10, "loss": 1}, {"step": 20, "loss": 0.5})
    assert read_accuracies(tmp_path, STEPS) is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("accuracies.json", '{"10": 31, "20": 0.5}', "accuracy 31 at step 10 is not a fraction"),
        ("accuracies.json", '{"10": 0.1, "20": -0.5}', "accuracy -0.5 at step 20"),
        ("accuracies.json", '{"10": NaN, "20": 0.5}', "accuracy nan at step 10"),
        ("accuracies.json", '{"10": 0.1, "20": 0.5, "10": 0.2}', "step 10 is there twice"),
        ("accuracies.json", '{"10": 0.1, "20": 0.5, "010": 0.2}', "step 10 is there twice"),
        ("accuracies.json", '{"10": 0.1}', "at step 20"),
        ("accuracies.json", "[]", "at step 10, 20"),
        ("accuracies.json", '{"10": true, "20": 0.5}', "0.accuracy"),
        ("accuracies.json", '{"ten": 0.1, "20": 0.5}', "0.step"),
        ("accuracies.json", "0.5", "not a table"),
        ("accuracies.json", '{"10": 0.1', "not JSON"),
        ("accuracies.json", "[1, 2]", "not a table"),
        ("accuracies.csv", "step,accuracy\n10,31%\n20,50%\n", "0.accuracy"),
        ("accuracies.csv", "step,accuracy\n10,0.1\n20,\n", "accuracy nan at step 20"),
        ("accuracies.csv", "step,accuracy\n10,0.1\n10,0.2\n20,0.3\n", "step 10 is there twice"),
        ("accuracies.csv", "step,acc\n10,0.1\n20,0.2\n", "0.accuracy"),
        ("accuracies.csv", "", "not a table"),
        ("accuracies.csv", "step,accuracy\n", "at step 10, 20"),
    ],
)
def test_a_file_with_a_fault(container: Path, name: str, text: str, said: str) -> None:
    (container / name).write_text(text)
    message = refusal(container)
    assert str(container / name) in message
    assert said in message


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        ('{"log_history": [{"step": 10, "reward": 0.5}]}', {10: 0.5}, "before step 20"),
        ('{"log_history": [{"step": 20, "reward": 0.5}]}', {20: 0.5}, "before step 10"),
        (
            '{"log_history": [{"reward": 9}, {"step": 8, "reward": 0}, {"step": 20, "reward": 1}]}',
            {10: 0, 20: 1},
            "1 rewards without a step",
        ),
        (
            """{"log_history": [{"step": 5, "reward": NaN}, {"step": 9, "reward": 1}, 5, null,
            {"step": 20, "reward": 1}, {"step": 20, "reward": "high"}, {"loss": 2}]}""",
            {10: 1, 20: 1},
            "2 rewards without a step, or that are not finite",
        ),
        ('{"log_history": [{"step": 5, "reward": NaN}]}', {}, "1 rewards"),
        ('{"log_history": 5}', {}, "not the state of a trainer: log_history"),
        ("{", {}, "not the state of a trainer"),
    ],
)
def test_a_log_is_used_as_far_as_it_goes(
    tmp_path: Path, container: Path, text: str, values: dict[int, float], said: str
) -> None:
    path = container / "trainer_state.json"
    path.write_text(text)
    found = read_accuracies(tmp_path, STEPS)
    assert found is not None
    assert found.values == values
    (note,) = found.notes
    assert str(path) in note
    assert said in note
    assert "\n" not in note


def test_a_log_that_is_damaged_does_not_hide_another(tmp_path: Path, container: Path) -> None:
    (container / "checkpoint-20" / "trainer_state.json").write_text("{")
    state(container / "trainer_state.json", {"step": 10, "reward": 0}, {"step": 20, "reward": 1})
    found = read_accuracies(tmp_path, STEPS)
    assert found is not None
    assert found.values == {10: 0, 20: 1}


def test_one_of_several_runs_side_by_side(tmp_path: Path) -> None:
    for name in ("DAPO-step-1", "GRPO-step-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").touch()
    (tmp_path / "accuracies.json").write_text('{"1": 0.5}')
    found = read_accuracies(tmp_path / "DAPO-step-*", (1,))
    assert found is not None
    assert found.values == {1: 0.5}


def test_the_folder_of_one_checkpoint(container: Path) -> None:
    folder = container / "checkpoint-20"
    state(folder / "trainer_state.json", {"step": 4, "reward": 1}, {"step": 20, "reward": 3})
    found = read_accuracies(folder, (20,))
    assert found is not None
    assert found.values == {20: 2}


def test_a_file_that_is_named(tmp_path: Path) -> None:
    for name, text in (("mine.json", '{"10": 0.1, "20": 0.2}'), ("b.csv", "step,accuracy\n10,0.1")):
        path = tmp_path / name
        path.write_text(text)
        found = accuracies_in(path, (10,))
        assert found.values[10] == 0.1
        assert found.source == path
    for name, text in (("mine.txt", "10 0.1"), ("mine", "10"), ("nowhere.json", None)):
        if text is not None:
            (tmp_path / name).write_text(text)
        with pytest.raises(AlphaRLBenchError, match=rf"{name}: no such file of accuracies"):
            accuracies_in(tmp_path / name, (10,))
    with pytest.raises(AlphaRLBenchError, match="nothing for the checkpoints at step 30"):
        accuracies_in(tmp_path / "mine.json", (10, 30))


def test_the_state_of_a_later_checkpoint_is_not_read(tmp_path: Path, container: Path) -> None:
    log: list[dict[str, float]] = [{"step": 5, "reward": 0.5}, {"step": 10, "reward": 0.25}]
    state(container / "checkpoint-10" / "trainer_state.json", *log)
    (container / "checkpoint-20" / "trainer_state.json").write_text("garbage")
    found = read_accuracies(tmp_path, (10,))
    assert found is not None
    assert found.values == {10: 0.375}
