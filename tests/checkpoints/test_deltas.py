"""Sparse deltas as TRL publishes them, against the dense weights that they were taken from."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from alpharl_bench.checkpoints import Run, WeightFiles, discover, open_run, open_weights
from alpharl_bench.checkpoints.local import find_deltas
from alpharl_bench.errors import AlphaRLBenchError

NAME = "model.layers.0.mlp.up_proj.weight"
OTHER = "model.layers.0.mlp.down_proj.weight"
Dense = dict[str, torch.Tensor]


def trajectory(versions: int) -> list[Dense]:
    """Dense bfloat16 weights of versions 1, 2, …: each changes some entries of one of two."""
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=generator).bfloat16()  # noqa: E731
    dense = [{NAME: draw(6, 4), OTHER: draw(4, 6)}]
    for version in range(2, versions + 1):
        after = {name: tensor.clone() for name, tensor in dense[-1].items()}
        changed = after[NAME if version % 2 else OTHER].view(-1)
        places = torch.randperm(24, generator=generator)[:5]
        changed[places] = draw(5)
        dense.append(after)
    return dense


def write(
    path: Path, tensors: Dense, *, sparse: bool, version: int, encoding: str | None = None
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {"sparse": str(sparse), "model_version": str(version)}
    save_file(tensors, path, metadata=said | ({"encoding": encoding} if encoding else {}))


def delta(before: Dense, after: Dense, encoding: str | None) -> Dense:
    """What the detector sends: the entries that differ, flat and ascending."""
    found: Dense = {}
    for name, tensor in after.items():
        places = (tensor != before[name]).view(-1).nonzero()[:, 0]
        if not len(places):
            continue
        values = tensor.view(-1)[places]
        if encoding is None:
            found |= {f"{name}.indices": places.int(), f"{name}.values": values}
            continue
        gaps = torch.diff(places, prepend=torch.tensor([-1])) - 1
        written = places.int() if encoding == "raw" else gaps.to(torch.uint16)
        found |= {f"{name}.idx": written, f"{name}.val": values}
    return found


def publish(folder: Path, dense: list[Dense], anchors: set[int], encoding: str | None) -> None:
    for version, after in enumerate(dense, 1):
        file = f"step_{version:06d}.safetensors"
        if version in anchors:
            write(folder / "anchors" / file, after, sparse=False, version=version)
        else:
            change = delta(dense[version - 2], after, encoding)
            path = folder / "deltas" / file
            write(path, change, sparse=True, version=version, encoding=encoding)


@pytest.fixture
def base(tmp_path: Path) -> WeightFiles:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text("{}")
    save_file(trajectory(1)[0], tmp_path / "base" / "model.safetensors")
    return WeightFiles(tmp_path / "base")


@pytest.mark.parametrize("encoding", [None, "raw", "gap_delta"])
@pytest.mark.parametrize("anchors", [{1, 4}, {1}, {4}, set()], ids=str)
def test_every_version_is_the_dense_one(
    tmp_path: Path, base: WeightFiles, anchors: set[int], encoding: str | None
) -> None:
    dense = trajectory(6)
    (publish if 1 in anchors else publish_from_2)(tmp_path / "run", dense, anchors, encoding)
    run = open_run_quietly(tmp_path / "run", base.folder)
    assert run.steps == (1, 2, 3, 4, 5)
    for checkpoint in run.checkpoints:
        weights = checkpoint.weights(base)
        assert weights.names == sorted([NAME, OTHER])
        for name in weights.names:
            expected = dense[checkpoint.step][name]
            assert weights.dtype(name) == torch.bfloat16
            assert weights.shape(name) == tuple(expected.shape)
            assert torch.equal(weights.tensor(name), expected)
            assert torch.equal(weights.rows(name, slice(1, 3)), expected[1:3])
            change = expected.float() - dense[0][name].float()
            assert torch.equal(weights.delta(base, name), change)


def publish_from_2(
    folder: Path, dense: list[Dense], anchors: set[int], encoding: str | None
) -> None:
    """Without version 1: the base is the first anchor."""
    publish(folder, dense, {1, *anchors}, encoding)
    (folder / "anchors" / "step_000001.safetensors").unlink()


def open_run_quietly(folder: Path, base: Path) -> Run:
    with pytest.warns(match="TRL publishes version 1"):
        return open_run(folder, base)


def test_a_base_of_another_dtype_is_cast_as_the_receiver_has_it(tmp_path: Path) -> None:
    dense = trajectory(2)
    publish_from_2(tmp_path / "run", dense, set(), None)
    (tmp_path / "base").mkdir()
    exact = {name: tensor.float() + 1e-5 for name, tensor in dense[0].items()}
    save_file(exact, tmp_path / "base" / "model.safetensors")
    base = WeightFiles(tmp_path / "base")
    weights = open_weights(tmp_path / "run" / "deltas" / "step_000002.safetensors", base)
    for name in weights.names:
        assert weights.dtype(name) == torch.bfloat16
        assert torch.equal(weights.tensor(name), dense[1][name])


def test_the_digest_is_of_all_that_the_version_is_made_of(
    tmp_path: Path, base: WeightFiles
) -> None:
    dense = trajectory(4)
    publish(tmp_path / "run", dense, {1}, None)
    paths = [tmp_path / "run" / "deltas" / f"step_{n:06d}.safetensors" for n in (2, 3, 4)]
    digests = [open_weights(path, base).digest for path in paths]
    assert len(set(digests)) == 3
    changed = delta(dense[0], dense[1], None)
    changed[f"{OTHER}.values"] = changed[f"{OTHER}.values"] + 1
    write(paths[0], changed, sparse=True, version=2)
    again = [open_weights(path, base).digest for path in paths]
    assert all(before != after for before, after in zip(digests, again, strict=True))


def test_a_missing_delta_leaves_out_what_follows_until_an_anchor(tmp_path: Path) -> None:
    publish(tmp_path, trajectory(6), {1, 5}, None)
    (tmp_path / "deltas" / "step_000003.safetensors").unlink()
    found = find_deltas(tmp_path)
    assert found is not None
    assert list(found.checkpoints) == [1, 4, 5]
    assert "version 4 cannot be made and is left out" in found.notes[1]
    for at in ("anchors", "deltas"):
        assert find_deltas(tmp_path / at) == found


def test_step_folders_beside_deltas_are_asked_about(tmp_path: Path, base: WeightFiles) -> None:
    publish(tmp_path / "run", trajectory(3), {1}, None)
    (tmp_path / "run" / "checkpoint-5").mkdir()
    (tmp_path / "run" / "checkpoint-5" / "model.safetensors").touch()
    with pytest.raises(AlphaRLBenchError) as caught:
        discover(tmp_path / "run")
    assert f"'{tmp_path}/run/deltas'" in str(caught.value)
    assert f"'{tmp_path}/run/checkpoint-*'" in str(caught.value)
    assert [each.step for each in discover(tmp_path / "run" / "deltas").checkpoints] == [1, 2]
    assert [each.step for each in discover(tmp_path / "run" / "checkpoint-*").checkpoints] == [5]


def test_a_run_without_a_base_asks_for_it(tmp_path: Path) -> None:
    publish(tmp_path, trajectory(3), {1}, None)
    with pytest.raises(AlphaRLBenchError, match="--base"):
        open_run(tmp_path)
    with pytest.raises(AlphaRLBenchError, match="a sparse delta; name the base"):
        open_weights(tmp_path / "deltas" / "step_000002.safetensors")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({f"{NAME}.indices": torch.tensor([0, 24], dtype=torch.int32)}, "outside of its 24"),
        ({f"{NAME}.indices": torch.tensor([0, -1], dtype=torch.int32)}, "outside of its 24"),
        ({f"{NAME}.indices": torch.tensor([3, 3], dtype=torch.int32)}, "an entry twice"),
        ({f"{NAME}.indices": torch.tensor([3], dtype=torch.int32)}, r"\(1,\) places for \(2,\)"),
        ({f"{NAME}.values": None}, "no partner"),
        ({"odd.indices": torch.tensor([1]), "odd.values": torch.ones(1)}, "changes 'odd'"),
        ({"model_version": "7"}, "says model_version=7"),
        ({"sparse": "False"}, "says sparse=False"),
        ({"encoding": "nvcomp_cascaded"}, "encoded as nvcomp_cascaded"),
    ],
)
def test_a_damaged_delta(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    publish(tmp_path, trajectory(1), {1}, None)
    tensors: Dense = {
        f"{NAME}.indices": torch.tensor([0, 5], dtype=torch.int32),
        f"{NAME}.values": torch.ones(2, dtype=torch.bfloat16),
    }
    text = {"model_version": "2", "sparse": "True"}
    for key, value in changes.items():
        if isinstance(value, str):
            text[key] = value
        elif isinstance(value, torch.Tensor):
            tensors[key] = value
        else:
            del tensors[key]
    path = tmp_path / "deltas" / "step_000002.safetensors"
    path.parent.mkdir()
    save_file(tensors, path, metadata=text)
    base = WeightFiles(tmp_path / "anchors", "step_000001.safetensors")
    with pytest.raises(AlphaRLBenchError, match=said) as caught:
        open_weights(path, base).tensor(NAME)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
