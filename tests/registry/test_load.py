"""The registry: the package's own files, and what is said about faulty ones."""

import shutil
from pathlib import Path

import pytest

from alpharl_bench import registry
from alpharl_bench.claims import CLAIMS
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import load_registry, unknown

OWN = Path(registry.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the package's own registry to put faults into."""
    for kind in ("models", "algorithms", "runs"):
        shutil.copytree(OWN / kind, tmp_path / kind)
    return tmp_path


def add_line(path: Path, line: str) -> None:
    """At the top: a key at the end of a TOML file would belong to its last table."""
    path.write_text(f"{line}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")


def fault(folder: Path) -> str:
    with pytest.raises(AlphaRLBenchError) as caught:
        load_registry(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_every_file_of_the_package_is_an_entry_of_its_name() -> None:
    loaded = load_registry()
    kinds = {"models": loaded.models, "algorithms": loaded.algorithms, "runs": loaded.runs}
    assert {kind: len(entries) for kind, entries in kinds.items()} == {
        "models": 1,
        "algorithms": 2,
        "runs": 2,
    }
    on_disk = {(path.parent.name, path.stem) for path in OWN.rglob("*.toml")}
    assert {(kind, name) for kind, entries in kinds.items() for name in entries} == on_disk
    assert all(name == entry.name for entries in kinds.values() for name, entry in entries.items())


def test_every_run_belongs_to_the_nano_lane_and_expects_claims_that_exist() -> None:
    loaded = load_registry()
    assert {run.name for run in loaded.in_lane("nano")} == {"qwen3-nano-dapo", "qwen3-nano-grpo"}
    assert loaded.in_lane("paper") == []
    assert {claim for run in loaded.runs.values() for claim in run.expect} <= set(CLAIMS)


def test_a_copy_without_faults_loads(folder: Path) -> None:
    assert load_registry(folder) == load_registry()


def test_an_unknown_key(folder: Path) -> None:
    add_line(folder / "runs" / "qwen3-nano-grpo.toml", "sead = 2")
    message = fault(folder)
    assert "runs/qwen3-nano-grpo.toml: sead:" in message


def test_a_missing_key(folder: Path) -> None:
    path = folder / "runs" / "qwen3-nano-grpo.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("seed = 1", ""), encoding="utf-8")
    assert "runs/qwen3-nano-grpo.toml: seed:" in fault(folder)


@pytest.mark.parametrize(
    ("file", "before", "after", "key"),
    [
        ("models/qwen3-nano.toml", "steps = 1000", "steps = 0", "pretraining.steps"),
        ("models/qwen3-nano.toml", 'lane = "nano"', 'lane = "nanno"', "lane"),
        ("algorithms/dapo.toml", 'trainer = "grpo"', 'trainer = "ppo"', "trainer"),
        ("algorithms/grpo.toml", 'kind = "RL"', 'kind = "rl"', "kind"),
        ("algorithms/grpo.toml", "checkpoints = 20", 'checkpoints = "many"', "checkpoints"),
    ],
)
def test_a_wrong_value(folder: Path, file: str, before: str, after: str, key: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(before) == 1
    (folder / file).write_text(text.replace(before, after), encoding="utf-8")
    assert f"{file}: {key}:" in fault(folder)


@pytest.mark.parametrize(
    ("verdict", "reason", "key"),
    [("supported", "it is known to hold", "verdict"), ("refuted", "because", "reason")],
)
def test_an_expectation_needs_a_verdict_to_explain_and_a_reason(
    folder: Path, verdict: str, reason: str, key: str
) -> None:
    (folder / "runs" / "mine.toml").write_text(
        'model = "qwen3-nano"\nalgorithm = "grpo"\nseed = 1\n'
        f'[expect."P1.4-best"]\nverdict = "{verdict}"\nreason = "{reason}"\n'
    )
    assert f"runs/mine.toml: expect.P1.4-best.{key}:" in fault(folder)


def test_a_run_of_an_unknown_model_is_told_the_nearest_one(folder: Path) -> None:
    (folder / "runs" / "mine.toml").write_text(
        'model = "qwen3-nanno"\nalgorithm = "grpo"\nseed = 1\n'
    )
    message = fault(folder)
    assert "runs/mine.toml: unknown model 'qwen3-nanno'" in message
    assert "did you mean 'qwen3-nano'?" in message


def test_a_file_that_is_not_toml(folder: Path) -> None:
    (folder / "algorithms" / "mine.toml").write_text("trainer = grpo\n")
    assert "algorithms/mine.toml: " in fault(folder)


def test_all_faults_are_in_one_message(folder: Path) -> None:
    add_line(folder / "models" / "qwen3-nano.toml", "colour = 1\nsize = 2")
    (folder / "algorithms" / "mine.toml").write_text("= 3\n")
    (folder / "runs" / "mine.toml").write_text('model = "gpt"\nalgorithm = "ppo"\nseed = 1\n')
    message = fault(folder)
    for part in (
        "models/qwen3-nano.toml: colour:",
        "models/qwen3-nano.toml: size:",
        "algorithms/mine.toml: ",
        "runs/mine.toml: unknown model 'gpt'",
        "runs/mine.toml: unknown algorithm 'ppo'",
    ):
        assert part in message


def test_asking_for_an_unknown_name() -> None:
    loaded = load_registry()
    assert loaded.run("qwen3-nano-grpo").algorithm == "grpo"
    assert loaded.model("qwen3-nano").architecture == "Qwen3ForCausalLM"
    with pytest.raises(AlphaRLBenchError, match=r"unknown run .* did you mean 'qwen3-nano-grpo'"):
        loaded.run("qwen3-nano-grp")
    with pytest.raises(AlphaRLBenchError, match=r"unknown model 'llama'; known: qwen3-nano"):
        loaded.model("llama")


def test_no_suggestion_where_nothing_is_near() -> None:
    assert unknown("run", "xyz", ["b", "a"]) == "unknown run 'xyz'; known: a, b"
