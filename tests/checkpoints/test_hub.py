"""Runs on the Hub: the real client on a cache on disk, and with a small Hub on 127.0.0.1."""

import json
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants
from safetensors.torch import load_file

from alpharl_bench.checkpoints import open_run
from alpharl_bench.checkpoints.hub import HubFolder, find_on_hub, parse_reference
from alpharl_bench.errors import AlphaRLBenchError
from tests.small_hub import Files, SmallHub, below, commit, forget, put


def refusal(reference: str) -> str:
    place = parse_reference(reference)
    assert place is not None
    with pytest.raises(AlphaRLBenchError) as caught:
        _ = [found.download() for found in find_on_hub(place).checkpoints.values()]
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(place.repo.partition("/")[0])
    return str(caught.value)


class TestOffline:
    """What the cache holds is what there is."""

    def test_sibling_repositories(self, hub_cache: Path, model: Files) -> None:
        snapshots = {n: put(hub_cache, f"lab/DAPO-step-{n}", "main", model) for n in (0, 2, 10)}
        put(hub_cache, "lab/DAPO-step-x", "main", model)
        put(hub_cache, "other/DAPO-step-5", "main", model)
        run = open_run("lab/DAPO-step-*")
        assert run.name == "DAPO"
        assert run.steps == (2, 10)
        assert run.base == snapshots[0]
        assert run.at(10).location == HubFolder("lab/DAPO-step-10")
        assert run.at(10).path == snapshots[10]

    def test_branches(self, hub_cache: Path, model: Files) -> None:
        snapshots = {n: put(hub_cache, "lab/rlvr", f"step_{n}", model) for n in (9, 75, 500)}
        put(hub_cache, "lab/rlvr", "main", model)
        base = put(hub_cache, "lab/base", "main", model)
        run = open_run("lab/rlvr", "lab/base")
        assert run.name == "rlvr"
        assert run.steps == (9, 75, 500)
        assert run.base == base
        assert run.at(75).path == snapshots[75]

    def test_the_commit_of_a_branch(self, hub_cache: Path, model: Files) -> None:
        for revision in ("main", "step_9"):
            put(hub_cache, "lab/rlvr", revision, model)
        sha = commit("lab/rlvr", "step_9")
        assert HubFolder("lab/rlvr", "step_9").commit() == sha
        assert HubFolder("lab/rlvr").commit() == commit("lab/rlvr", "main")
        assert HubFolder("lab/rlvr", sha).commit() == sha  # a commit is its own

    def test_branches_of_two_runs(self, hub_cache: Path, model: Files) -> None:
        for revision in ("step_1", "step_2", "checkpoint-9"):
            put(hub_cache, "lab/rlvr", revision, model)
        assert "'lab/rlvr@checkpoint-*'" in refusal("lab/rlvr")
        found = find_on_hub(HubFolder("lab/rlvr", "step_*"))
        assert list(found.checkpoints) == [1, 2]

    def test_subfolders(self, hub_cache: Path, model: Files) -> None:
        files = {n: below(f"step-{n:04}", model) for n in (0, 20, 100)}
        snapshot = put(hub_cache, "lab/traj", "main", {**files[0], **files[20], **files[100]})
        run = open_run("lab/traj")
        assert run.steps == (20, 100)
        assert run.base == snapshot / "step-0000"
        assert run.final.location == HubFolder("lab/traj", None, "step-0100")
        assert run.final.path == snapshot / "step-0100"
        assert "one folder per step" in run.layout

    def test_a_trainers_own_folders(self, hub_cache: Path, model: Files) -> None:
        files = below("ckpt/global_step_5/actor/huggingface", model)
        snapshot = put(hub_cache, "lab/verl", "main", files)
        found = find_on_hub(HubFolder("lab/verl")).checkpoints[5]
        assert found.subfolder == "ckpt/global_step_5/actor/huggingface"
        assert found.download() == snapshot / found.subfolder

    @pytest.mark.parametrize(("name", "step"), [("final", 1), ("qwen-math-step-600", 600)])
    def test_one_checkpoint(self, hub_cache: Path, model: Files, name: str, step: int) -> None:
        snapshot = put(hub_cache, f"lab/{name}", "main", model)
        base = put(hub_cache, "lab/base", "main", model)
        run = open_run(f"lab/{name}", "lab/base")
        assert run.steps == (step,)
        assert run.final.path == snapshot
        assert run.base == base

    def test_exactly_the_revision_that_was_asked_for(self, hub_cache: Path, model: Files) -> None:
        for revision in ("main", "step_3", "v2"):
            put(hub_cache, "lab/final", revision, model)
        for revision in ("v2", commit("lab/final", "v2")):
            found = find_on_hub(HubFolder("lab/final", revision)).checkpoints
            assert list(found) == [1]
            assert found[1].download().name == commit("lab/final", "v2")

    def test_step_folders_of_one_revision(self, hub_cache: Path, model: Files) -> None:
        for revision, step in (("v1", 5), ("main", 6), ("v2", 7)):
            put(hub_cache, "lab/traj", revision, below(f"checkpoint-{step}", model))
        for revision, step in (("v1", 5), (None, 6), ("v2", 7)):
            assert list(find_on_hub(HubFolder("lab/traj", revision)).checkpoints) == [step]

    def test_the_base_that_an_adapter_names(self, hub_cache: Path, model: Files) -> None:
        config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4}
        config |= {"base_model_name_or_path": "lab/base", "revision": "v1"}
        adapter = {
            "adapter_config.json": json.dumps(config).encode(),
            "adapter_model.safetensors": model["model.safetensors"],
        }
        put(hub_cache, "lab/lora", "step_4", adapter)
        base = put(hub_cache, "lab/base", "v1", model)
        assert open_run("lab/lora").base == base

    def test_no_base(self, hub_cache: Path, model: Files) -> None:
        put(hub_cache, "lab/final", "main", model)
        with pytest.raises(AlphaRLBenchError, match=r"lab/final: .*pass --base"):
            open_run("lab/final")

    def test_legacy_weights_without_safetensors(self, hub_cache: Path, model: Files) -> None:
        files = {name: model[name] for name in ("config.json", "training_args.bin")}
        snapshot = put(hub_cache, "lab/old", "main", {**files, "pytorch_model.bin": b"weights"})
        assert find_on_hub(HubFolder("lab/old")).checkpoints[1].download() == snapshot

    @pytest.mark.parametrize("reference", ["lab/gone", "lab/gone@v3", "lab/gone-step-*"])
    @pytest.mark.parametrize("empty", [True, False])
    def test_what_is_not_in_the_cache(
        self, hub_cache: Path, model: Files, reference: str, empty: bool
    ) -> None:
        if not empty:
            put(hub_cache, "lab/other", "main", model)
            put(hub_cache, "lab/gone", "v1", model)
        message = refusal(reference)
        assert str(hub_cache) in message
        assert "cannot be reached" in message

    def test_a_snapshot_without_weights(self, hub_cache: Path, model: Files) -> None:
        put(hub_cache, "lab/half", "main", {"config.json": model["config.json"]})
        assert "weights" in refusal("lab/half")


class TestOnline:
    """Listings first; weights when a checkpoint is used, and only what is needed of them."""

    def test_sibling_repositories(self, online: SmallHub, model: Files) -> None:
        for name in ("DAPO-step-1", "DAPO-step-12", "DAPO-step-x", "my-DAPO-step-3", "base"):
            online.repos[f"lab/{name}"] = {"main": model}
        found = find_on_hub(HubFolder("lab/DAPO-step-*"))
        assert list(found.checkpoints) == [1, 12]
        assert online.fetched == []
        folder = found.checkpoints[12].download()
        truth = load_file(folder / "model.safetensors")
        assert model["model.safetensors"] == (folder / "model.safetensors").read_bytes()
        assert truth["model.embed_tokens.weight"].shape == (20, 16)
        assert sorted(online.fetched) == sorted(
            name for name in model if name.endswith((".json", ".safetensors"))
        )

    def test_branches_and_what_stays_without_network(
        self, online: SmallHub, model: Files, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        online.repos["lab/rlvr"] = dict.fromkeys(("main", "step_2", "step_10"), model)
        online.repos["lab/base"] = {"main": model}
        run = open_run("lab/rlvr", "lab/base")
        assert run.steps == (2, 10)
        assert online.fetched.count("model.safetensors") == 1  # the base
        path = run.at(2).path
        assert path.name == commit("lab/rlvr", "step_2")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        forget()
        again = open_run("lab/rlvr", "lab/base")
        assert again.steps == (2,)
        assert again.final.path == path

    def test_a_branch_that_moved_has_another_commit(self, online: SmallHub, model: Files) -> None:
        online.repos["lab/rlvr"] = dict.fromkeys(("main", "step_2"), model)
        place = HubFolder("lab/rlvr", "step_2")
        assert place.commit() == commit("lab/rlvr", "step_2")
        online.moved["lab/rlvr@step_2"] = "f" * 40
        forget()
        assert place.commit() == "f" * 40
        assert online.fetched == []

    def test_subfolders_are_downloaded_one_by_one(self, online: SmallHub, model: Files) -> None:
        files = {**below("step-0010", model), **below("step-0100", model), **model}
        deeper = below("step-0010/checkpoint-3", model)
        online.repos["lab/traj"] = {"main": {**files, **deeper}}
        found = find_on_hub(HubFolder("lab/traj"))
        assert list(found.checkpoints) == [10, 100]
        assert online.fetched == []
        folder = found.checkpoints[10].download()
        assert folder.name == "step-0010"
        assert {name.rpartition("/")[0] for name in online.fetched} == {"step-0010"}

    def test_the_top_of_a_repository_is_downloaded_without_its_folders(
        self, online: SmallHub, model: Files
    ) -> None:
        extra = {
            **below("onnx", model),
            "consolidated.safetensors": b"x",
            "pytorch_model.bin": b"x",
        }
        online.repos["lab/final"] = {"main": {**model, **extra}}
        find_on_hub(HubFolder("lab/final")).checkpoints[1].download()
        assert "model.safetensors" in online.fetched
        assert not [name for name in online.fetched if "/" in name or name in extra]
        assert not [name for name in online.fetched if name.endswith((".py", ".bin"))]

    def test_legacy_weights_where_there_are_no_safetensors(
        self, online: SmallHub, model: Files
    ) -> None:
        files = {**model, "pytorch_model.bin": model["model.safetensors"]}
        del files["model.safetensors"]
        online.repos["lab/old"] = {"main": files}
        folder = find_on_hub(HubFolder("lab/old")).checkpoints[1].download()
        assert (folder / "pytorch_model.bin").is_file()
        assert not (folder / "training_args.bin").exists()

    def test_the_base_that_an_adapter_names(self, online: SmallHub, model: Files) -> None:
        config = {
            "peft_type": "LORA",
            "r": 2,
            "lora_alpha": 4,
            "base_model_name_or_path": "lab/base",
        }
        adapter = {"adapter_config.json": json.dumps(config).encode(), "adapter_model.bin": b"x"}
        online.repos["lab/lora"] = {"main": below("checkpoint-7", adapter)}
        online.repos["lab/base"] = {"main": model}
        run = open_run("lab/lora")
        assert run.base.parent.parent.name == "models--lab--base"
        assert "checkpoint-7/adapter_model.bin" not in online.fetched
        assert (run.final.path / "adapter_model.bin").is_file()

    def test_a_repository_that_does_not_exist(self, online: SmallHub) -> None:
        online.repos["lab/final"] = {"main": {}}
        assert "no such repository" in refusal("lab/gone")
        assert "no such repositories" in refusal("lab/gone-step-*")
        assert "no revision 'v9'" in refusal("lab/final@v9")

    def test_a_gated_repository(self, online: SmallHub, model: Files) -> None:
        online.repos["lab/llama"] = {"main": model}
        online.gated.add("lab/llama")
        message = refusal("lab/llama")
        assert f"{online.url}/lab/llama" in message
        assert "hf auth login" in message

    def test_a_hub_that_is_not_there(
        self, online: SmallHub, hub_cache: Path, model: Files, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(hub_cache, "lab/DAPO-step-3", "main", model)
        monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
        monkeypatch.setattr(huggingface_hub.utils._http.time, "sleep", lambda _: None)
        found = find_on_hub(HubFolder("lab/DAPO-step-*")).checkpoints
        assert list(found) == [3]
        assert (found[3].download() / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Qwen/Qwen3-8B-Base", HubFolder("Qwen/Qwen3-8B-Base")),
        ("a/b@step_5", HubFolder("a/b", "step_5")),
        ("a/b-step-*", HubFolder("a/b-step-*")),
        ("a/b@refs/pr/1", HubFolder("a/b", "refs/pr/1")),
        ("gpt2", None),
        ("a/b/c", None),
        ("/a/b", None),
        ("a b/c", None),
    ],
)
def test_references(text: str, place: HubFolder | None) -> None:
    assert parse_reference(text) == place
    if place is not None:
        assert str(place) == text
