"""The registry: the package's own files, and what is said about faulty ones."""

import re
import shutil
from pathlib import Path

import pytest

from alpharl_bench import registry
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.registry import load_registry, unknown

OWN = Path(registry.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the package's own registry to put faults into."""
    for kind in ("models", "algorithms", "runs", "released", "architectures"):
        shutil.copytree(OWN / kind, tmp_path / kind)
    return tmp_path


def add_line(path: Path, line: str) -> None:
    """At the top: a key at the end of a TOML file would belong to its last table."""
    path.write_text(f"{line}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")


def without(path: Path, *keys: str) -> str:
    """The text of a file without keys whose values are lists."""
    text = path.read_text(encoding="utf-8")
    for key in keys:
        text, found = re.subn(rf"^{key} = \[[^]]*\].*\n", "", text, flags=re.MULTILINE)
        assert found == 1
    return text


def fault(folder: Path) -> str:
    with pytest.raises(AlphaRLBenchError) as caught:
        load_registry(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_every_file_of_the_package_is_an_entry_of_its_name() -> None:
    loaded = load_registry()
    on_disk = {(path.parent.name, path.stem) for path in OWN.rglob("*.toml")}
    entries = {("models", name) for name in loaded.models}
    entries |= {("algorithms", name) for name in loaded.algorithms}
    entries |= {("released", name) for name in loaded.released}
    entries |= {("architectures", name) for name in loaded.architectures}
    known = {(kind, name) for kind, name in on_disk if kind == "runs"}
    assert entries | known == on_disk
    assert all(name == entry.name for name, entry in {**loaded.models, **loaded.runs}.items())
    assert {name for _, name in known} <= loaded.runs.keys()


def test_the_zoo_holds_the_papers_algorithms_and_architectures() -> None:
    loaded = load_registry()
    assert set(loaded.algorithms) == {
        *("ppo", "rloo", "grpo", "drgrpo", "dapo", "sft", "dist", "opd", "dpo", "spiral"),
        # Controls of ours.
        *("rft", "sft-prefix"),
    }
    assert {model.architecture for model in loaded.models.values()} == {
        *("Qwen3ForCausalLM", "Qwen2ForCausalLM", "LlamaForCausalLM", "Glm4ForCausalLM")
    }


def test_every_recipe_keeps_twenty_checkpoints() -> None:
    assert {recipe.checkpoints for recipe in load_registry().algorithms.values()} == {20}


def test_every_run_belongs_to_a_lane_that_trains_and_expects_claims_that_exist() -> None:
    loaded = load_registry()
    trained = [*loaded.in_lane("nano"), *loaded.in_lane("smol")]
    assert sorted(run.name for run in trained) == sorted(loaded.runs)
    assert loaded.in_lane("paper") == []
    described = {run.name for run in loaded.runs.values() if run.expect or run.core}
    described |= {run.name.rpartition("-seed")[0] for run in loaded.runs.values() if run.seed == 2}
    assert described == {path.stem for path in (OWN / "runs").glob("*.toml")}
    # What is a fact of one run, or fails by a line of ours, is measured and never refuted.
    assert {claim for run in loaded.runs.values() for claim in run.expect} <= {
        claim.qualified_id for claim in CLAIMS.values() if claim.refutable
    }


def test_runs_are_every_model_with_every_algorithm_that_fits(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "algorithms").mkdir()
    for name in ("dapo", "sft"):
        shutil.copy(OWN / "algorithms" / f"{name}.toml", tmp_path / "algorithms")
    # The first in both regimes, the second in the quick one alone.
    sft = tmp_path / "algorithms" / "sft.toml"
    sft.write_text(re.sub(r"\[regimes.slow\]\n[^\[]*", "", sft.read_text()))
    text = without(OWN / "models" / "llama3-facts.toml", "algorithms", "regimes")
    for name, keys in {
        "every": 'regimes = ["quick", "slow"]',
        "quick": "",
        "some": 'algorithms = ["sft"]',
        "none": "algorithms = []",
    }.items():
        (tmp_path / "models" / f"{name}.toml").write_text(f"{keys}\n{text}", encoding="utf-8")
    runs = load_registry(tmp_path).runs
    assert sorted(runs) == [
        *("every-dapo", "every-dapo-slow", "every-sft"),
        *("quick-dapo", "quick-sft"),
        "some-sft",
    ]
    slow = runs["every-dapo-slow"]
    assert (slow.model, slow.algorithm, slow.regime) == ("every", "dapo", "slow")


def test_a_run_is_repeated_with_further_seeds(folder: Path) -> None:
    known = folder / "runs" / "qwen2-facts-sft.toml"
    known.write_text("further_seeds = [5, 2]", encoding="utf-8")
    again = folder / "runs" / "qwen2-facts-sft-seed2.toml"
    again.write_text(
        '[expect."P1.1"]\nverdict = "refuted"\nreason = "seen beforehand"', encoding="utf-8"
    )
    runs = load_registry(folder).runs
    first, *others = (runs[f"qwen2-facts-sft{end}"] for end in ("", "-seed5", "-seed2"))
    assert [first.seed, *(other.seed for other in others)] == [1, 5, 2]
    for other in others:
        assert (other.model, other.algorithm, other.regime) == ("qwen2-facts", "sft", "slow")
    assert [list(run.expect) for run in (first, *others)] == [[], [], ["2510.00553:P1.1"]]


def test_the_seed_of_the_run_itself_is_no_further_one(folder: Path) -> None:
    known = folder / "runs" / "qwen2-facts-sft.toml"
    known.write_text("further_seeds = [1]", encoding="utf-8")
    assert "runs/qwen2-facts-sft.toml: further_seeds.0" in fault(folder)


def test_a_regime_overrides_the_recipe() -> None:
    dapo = load_registry().algorithms["dapo"]
    quick, slow = dapo.config_in("quick"), dapo.config_in("slow")
    assert slow["learning_rate"] < quick["learning_rate"]
    assert dapo.config_in("public")["max_steps"] < quick["max_steps"] == slow["max_steps"]
    assert slow["epsilon_high"] == quick["epsilon_high"] == 0.28


def test_a_copy_without_faults_loads(folder: Path) -> None:
    assert load_registry(folder) == load_registry()


def test_an_unknown_key(folder: Path) -> None:
    add_line(folder / "runs" / "qwen3-facts-grpo.toml", "sead = 2")
    message = fault(folder)
    assert "runs/qwen3-facts-grpo.toml: sead:" in message


def test_a_missing_key(folder: Path) -> None:
    path = folder / "models" / "qwen3-facts.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("seed = 0", ""), encoding="utf-8")
    assert "models/qwen3-facts.toml: seed:" in fault(folder)


@pytest.mark.parametrize(
    ("file", "before", "after", "key"),
    [
        (
            "models/qwen3-facts.toml",
            "weight_decay = 0.1",
            "weight_decay = -1",
            "pretraining.weight_decay",
        ),
        ("models/qwen3-facts.toml", 'lane = "nano"', 'lane = "nanno"', "lane"),
        ("algorithms/dapo.toml", 'trainer = "grpo"', 'trainer = "pppo"', "trainer"),
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
    path = folder / "runs" / "qwen3-facts-sft.toml"
    path.write_text(f'[expect."P1.4-best"]\nverdict = "{verdict}"\nreason = "{reason}"\n')
    assert f"runs/qwen3-facts-sft.toml: expect.P1.4-best.{key}:" in fault(folder)


def test_what_is_known_of_an_unknown_run_is_told_the_nearest_one(folder: Path) -> None:
    (folder / "runs" / "qwen3-facts-gpro.toml").write_text("")
    message = fault(folder)
    assert "runs/qwen3-facts-gpro.toml: unknown run 'qwen3-facts-gpro'" in message
    assert "did you mean 'qwen3-facts-grpo'?" in message


def test_a_model_with_an_unknown_algorithm_is_told_the_nearest_one(folder: Path) -> None:
    path = folder / "models" / "llama3-facts.toml"
    path.write_text(without(path, "algorithms"), encoding="utf-8")
    add_line(path, 'algorithms = ["sft", "dappo"]')
    message = fault(folder)
    assert "models/llama3-facts.toml: unknown algorithm 'dappo'; did you mean 'dapo'?" in message


def test_a_teacher_is_a_model_or_a_run_or_nobody(folder: Path) -> None:
    loaded = load_registry()
    of = {name: loaded.teacher(loaded.run(name)) for name in loaded.runs}
    assert of["qwen3-facts-dist"] is loaded.models["qwen3-teacher"]
    assert of["smollm2-warm-dist"] is loaded.runs["smollm2-warm-dapo"]
    assert of["smollm2-warm-sft"] is None
    path = folder / "algorithms" / "opd.toml"
    path.write_text(path.read_text().replace("qwen3-teacher", "qwen3-teachr"))
    wrong = load_registry(folder)
    with pytest.raises(AlphaRLBenchError, match=r"unknown teacher.*did you mean 'qwen3-teacher'"):
        wrong.teacher(wrong.run("qwen3-facts-opd"))


@pytest.mark.parametrize("of_dapo", [None, "smollm2-warm-dist"])
def test_no_run_teaches_itself(folder: Path, of_dapo: str | None) -> None:
    path = folder / "algorithms" / "dist.toml"
    if of_dapo is None:
        path.write_text(path.read_text().replace("smollm2-warm-dapo", "smollm2-warm-dist"))
    else:
        dapo = folder / "algorithms" / "dapo.toml"
        taught = f'shared_prompts = true\nteacher = "{of_dapo}"'
        dapo.write_text(dapo.read_text().replace("shared_prompts = true", taught))
    message = fault(folder)
    assert "algorithms/dist.toml: teacher: 'smollm2-warm-dist' would be its own" in message
    assert ("algorithms/dapo.toml" in message) == (of_dapo is not None)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            'model = "smollm2"',
            'model = "smolm2"',
            "unknown model 'smolm2'; did you mean 'smollm2'?",
        ),
        ('model = "smollm2"', 'model = "smollm2-warm"', "'smollm2-warm' is warmed up itself"),
        ("hidden_size = 576", "hidden_size = 577", "config: differs from that of 'smollm2'"),
        ('formats = ["chatml"]', 'formats = ["plain"]', "formats: differs from that of 'smollm2'"),
        ("[warm_up]", '[wheel]\npackage = "a"\n[warm_up]', "wheel.version:"),
    ],
)
def test_a_model_is_warmed_up_from_one_that_fits(
    folder: Path, before: str, after: str, message: str
) -> None:
    path = folder / "models" / "smollm2-warm.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")
    assert message in fault(folder)


def test_a_model_has_one_origin_and_one_that_is_warmed_up_knows_its_start(folder: Path) -> None:
    models = load_registry().models
    assert models["smollm2-warm"].start is models["smollm2"]
    path = folder / "models" / "smollm2-warm.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[warm_up]", "[warmup]"), encoding="utf-8")
    assert "models/smollm2-warm.toml: warmup:" in fault(folder)
    start, end = text.index("[warm_up]"), text.index("[config]")
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    assert "give one of [pretraining], [wheel] and [warm_up]" in fault(folder)


def test_a_file_that_is_not_toml(folder: Path) -> None:
    (folder / "algorithms" / "mine.toml").write_text("trainer = grpo\n")
    assert "algorithms/mine.toml: " in fault(folder)


def test_all_faults_are_in_one_message(folder: Path) -> None:
    add_line(folder / "models" / "qwen3-facts.toml", "colour = 1\nsize = 2")
    (folder / "algorithms" / "mine.toml").write_text("= 3\n")
    (folder / "runs" / "mine.toml").write_text("seed = 1\n")
    (folder / "runs" / "gpt-ppo.toml").write_text("")
    message = fault(folder)
    for part in (
        "models/qwen3-facts.toml: colour:",
        "models/qwen3-facts.toml: size:",
        "algorithms/mine.toml: ",
        "runs/mine.toml: seed:",
        "runs/gpt-ppo.toml: unknown run 'gpt-ppo'",
    ):
        assert part in message


def test_asking_for_an_unknown_name() -> None:
    loaded = load_registry()
    assert loaded.run("qwen3-facts-grpo").algorithm == "grpo"
    assert loaded.model("qwen3-facts").architecture == "Qwen3ForCausalLM"
    with pytest.raises(AlphaRLBenchError, match=r"unknown run .* did you mean 'qwen3-facts-grpo'"):
        loaded.run("qwen3-facts-grp")
    with pytest.raises(AlphaRLBenchError, match=r"unknown model 'gpt'; "):
        loaded.model("gpt")


def test_no_suggestion_where_nothing_is_near() -> None:
    assert unknown("run", "xyz", ["b", "a"]) == "unknown run 'xyz'; known: a, b"


def test_twelve_names_are_listed_and_of_more_the_nearest() -> None:
    names = [f"run{number:02}" for number in range(13)]
    assert unknown("run", "xyz", names[:12]).endswith(f"known: {', '.join(names[:12])}")
    assert unknown("run", "xyz", names) == (
        "unknown run 'xyz'; 13 are known: `alpharl-bench zoo list` lists them"
    )
    near = unknown("run", "run012", ["a-dapo", *names])
    assert near.startswith("unknown run 'run012'; did you mean 'run12'? near: run")
    assert near.endswith("; 14 are known: `alpharl-bench zoo list` lists them")
    assert "a-dapo" not in near
    # Nothing lists these.
    assert unknown("claim", "P10", [*names, "P11"]) == (
        "unknown claim 'P10'; did you mean 'P11'? 14 are known"
    )


def test_many_wrong_files_are_still_a_message_that_can_be_read(folder: Path) -> None:
    wrong = [f"no-such-run-{number}" for number in range(5)]
    for name in wrong:
        (folder / "runs" / f"{name}.toml").write_text("")
    message = fault(folder)
    assert all(f"runs/{name}.toml: unknown run '{name}'" in message for name in wrong)
    assert len(message) < 1500


def test_a_core_run_is_one_whose_file_says_so_and_not_its_repetitions(folder: Path) -> None:
    (folder / "runs" / "qwen2-facts-sft.toml").write_text("core = true\nfurther_seeds = [2, 3]")
    (folder / "runs" / "qwen2-facts-sft-seed3.toml").write_text("core = true")
    runs = load_registry(folder).runs
    core = [runs[f"qwen2-facts-sft{end}"].core for end in ("", "-seed2", "-seed3")]
    assert core == [True, False, True]
    assert not runs["qwen2-facts-grpo"].core


def test_lanes_that_train_have_a_core_of_few_runs_with_a_contrast() -> None:
    loaded = load_registry()
    for lane in ("nano", "smol"):
        core = [run for run in loaded.in_lane(lane) if run.core]
        kinds = {loaded.algorithms[run.algorithm].kind for run in core}
        assert {"RL", "SFT"} <= kinds
        assert len(core) <= 6
