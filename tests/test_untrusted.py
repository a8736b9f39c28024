"""Files that block, have no end, are too large or nested too deep."""

import ast
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

import alpharl_bench
from alpharl_bench import limits
from alpharl_bench.cache import file_digest
from alpharl_bench.checkpoints import WeightFiles, read_accuracies
from alpharl_bench.checkpoints.adapter import read_adapter_config
from alpharl_bench.checkpoints.config import read_config, require_model_files
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.reporting import load_session
from alpharl_bench.reporting.results import load_results
from alpharl_bench.scoring.catalogue import benchmarks
from alpharl_bench.scoring.questions import local_file
from alpharl_bench.untrusted import opened, parsed, read_bytes, read_json, read_text

PACKAGE = Path(alpharl_bench.__file__).parent
ANYTHING = TypeAdapter(dict[str, int])


def pipe(path: Path) -> None:
    os.mkfifo(path)


def bound_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is at most 107 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


SPECIAL = {"a named pipe": pipe, "a socket": bound_socket, "a device": device}


@pytest.fixture(params=SPECIAL)
def special(request: pytest.FixtureRequest) -> tuple[str, Callable[[Path], None]]:
    return request.param, SPECIAL[request.param]


@pytest.mark.timeout(60)
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, special):
    kind, make = special
    make(tmp_path / "it")
    for read in (read_bytes, read_text):
        with pytest.raises(AlphaRLBenchError, match=f"it: not a file but {kind}"):
            read(tmp_path / "it", 10)
    with pytest.raises(AlphaRLBenchError, match=kind), opened(tmp_path / "it"):
        pass


#: The names of files of users and what reads them.
READERS: dict[str, Callable[[Path], object]] = {
    "config.json": lambda path: read_config(path.parent),
    "generation_config.json": lambda path: require_model_files(path.parent),
    "tokenizer.json": lambda path: require_model_files(path.parent),
    "chat_template.jinja": lambda path: require_model_files(path.parent),
    "adapter_config.json": lambda path: read_adapter_config(path.parent),
    "session.json": lambda path: load_session(path.parent),
    "session.json.zst": lambda path: load_session(path.parent),
    "results.json": load_results,
    "aime24.jsonl": lambda path: local_file(benchmarks()["aime24"], path.parent),
    "vocab.json": file_digest,
    "model.safetensors": lambda path: WeightFiles(path.parent).names,
    "pytorch_model.bin": lambda path: WeightFiles(path.parent).names,
    "model.safetensors.index.json": lambda path: WeightFiles(path.parent).names,
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", READERS)
def test_a_pipe_in_place_of_any_file_of_a_user(tmp_path, name):
    pipe(tmp_path / name)
    with pytest.raises(AlphaRLBenchError) as caught:
        READERS[name](tmp_path / name)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.timeout(60)
def test_a_pipe_in_place_of_a_shard(tmp_path):
    (tmp_path / "model.safetensors.index.json").write_text(
        '{"weight_map": {"w": "one.safetensors"}}'
    )
    pipe(tmp_path / "one.safetensors")
    with pytest.raises(AlphaRLBenchError, match=r"lacks one\.safetensors"):
        WeightFiles(tmp_path).tensor("w")


def test_a_file_has_at_most_the_bytes_of_the_limit(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 10)
    assert read_bytes(path, 10) == b"x" * 10
    with pytest.raises(AlphaRLBenchError, match="larger than 9 B"):
        read_bytes(path, 9)
    # A terabyte that is not there: its size tells before any of it is read.
    os.truncate(path, 1 << 40)
    with pytest.raises(AlphaRLBenchError, match="larger than 100 MB"):
        read_bytes(path, 100 * limits.MB)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")
def test_a_file_without_a_size_is_bounded_too():
    path = Path("/proc/self/maps")
    assert path.stat().st_size == 0
    with pytest.raises(AlphaRLBenchError, match="larger than 5 B"):
        read_bytes(path, 5)


def test_what_is_missing_or_a_folder_is_the_callers_to_explain(tmp_path):
    for path, kind in ((tmp_path / "none", FileNotFoundError), (tmp_path, IsADirectoryError)):
        with pytest.raises(kind):
            read_bytes(path, 10)


def test_the_mark_of_utf8_is_no_text(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_text(path, 100) == '{"a": 1}'
    assert read_json(path, ANYTHING, "a mapping", 100) == {"a": 1}


@pytest.mark.parametrize("bracket", ["[]", "{}"])
def test_json_without_a_bottom_is_an_error_and_no_crash(tmp_path, bracket):
    left = "[" if bracket == "[]" else '{"a":'
    for depth in (limits.JSON_DEPTH + 1, 1000, 100_000):
        text = left * depth + "1" + bracket[1] * depth
        with pytest.raises(ValueError, match="recursion"):
            parsed(text)
        (tmp_path / "file").write_text(text)
        with pytest.raises(AlphaRLBenchError, match="not a mapping"):
            read_json(tmp_path / "file", ANYTHING, "a mapping", limits.MB)
    depth = limits.JSON_DEPTH - 1
    assert parsed(left * depth + "1" + bracket[1] * depth)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("config.json", limits.CONFIG_BYTES),
        ("adapter_config.json", limits.CONFIG_BYTES),
        ("tokenizer.json", limits.TOKENIZER_BYTES),
        ("session.json", limits.SESSION_BYTES),
        ("results.json", limits.RESULTS_BYTES),
        ("aime24.jsonl", limits.QUESTIONS_BYTES),
        ("model.safetensors.index.json", limits.INDEX_BYTES),
    ],
)
def test_every_kind_of_file_is_bounded(tmp_path, name, limit):
    with (tmp_path / name).open("wb") as file:
        file.truncate(limit + 1)
    with pytest.raises(AlphaRLBenchError, match="larger than"):
        READERS[name](tmp_path / name)


def test_the_state_of_a_trainer_is_bounded(tmp_path):
    folder = tmp_path / "checkpoint-1"
    folder.mkdir()
    (folder / "model.safetensors").touch()
    with (folder / "trainer_state.json").open("wb") as file:
        file.truncate(limits.TRAINER_STATE_BYTES + 1)
    found = read_accuracies(tmp_path, [1])
    assert found is not None
    (note,) = found.notes
    assert "larger than 64 MB" in note


SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=4), part)
)
#: What a reader looks for is among the keys, so that it is found with any value.
KEYS = (
    *("model_type", "architectures", "tie_word_embeddings", "peft_type", "r", "lora_alpha"),
    *("weight_map", "log_history", "step", "accuracy", "reward", "command", "date", "runs"),
)
CONTENT = (
    JSON
    | st.dictionaries(st.sampled_from(KEYS), JSON)
    | st.lists(st.dictionaries(st.sampled_from(KEYS), JSON), max_size=3)
)
BY_NAME: dict[str, Callable[[Path], object]] = {
    **{name: read for name, read in READERS.items() if name.endswith(".json")},
    "accuracies.json": lambda path: read_accuracies(path.parent, [1]),
    "trainer_state.json": lambda path: read_accuracies(path.parent, [1]),
}


@pytest.mark.parametrize("name", BY_NAME)
@given(content=CONTENT)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_json_is_read_or_refused_in_one_line(tmp_path, name, content):
    if name in {"accuracies.json", "trainer_state.json"}:
        (tmp_path / "model.safetensors").touch()
    (tmp_path / name).write_text(json.dumps(content))
    said = ""
    try:
        BY_NAME[name](tmp_path / name)
    except AlphaRLBenchError as error:
        said = str(error)
    assert "\n" not in said
    assert len(said) < 4000


# ---- one place ----

#: Modules that read files of this package, of its cache, or what it wrote itself, and no other.
OWN_FILES = {
    "source_code.py": "modules",
    "cache.py": "digests that it wrote",
    "checkpoints/configs.py": "what a loaded tokenizer says of itself",
    "checkpoints/deltas.py": "what was opened as any other file of a user",
    "command_line.py": "the null device",
    "spectral/coverage.py": "its cache",
    "limited.py": "/proc of a worker",
    "bench.py": "its cache",
    "baselines/selection.py": "its cache",
    "printed/load.py": "tables of a paper",
    "registry/load.py": "entries of the registry",
    "runs/status.py": "records of trainings",
    "reporting/html.py": "figures and styles that the report is made of",
    "checkpoints/ephemeral.py": "its cache",
    "checkpoints/accuracies.py": "text that was read and bounded",
    "behaviour/measure.py": "its cache",
    "executor/cluster.py": "a greeting that it wrote",
    "executor/worker.py": "the same",
    "forecast/selection.py": "its cache",
    "reporting/merge.py": "what it dumped",
    "runs/bases.py": "its cache",
    "runs/digests.py": "bases that ship",
    "runs/released.py": "a config that it fetched",
    "runs/disk.py": "bases that ship",
    "scoring/catalogue.py": "task files",
    "scoring/games.py": "the same",
    "scoring/sampling.py": "the same",
    "scoring/vllm_biases.py": "what the engine was told",
    "spectral/tensor_store.py": "its cache",
    "training/checkpoint_pruner.py": "what a training wrote",
    "training/history.py": "the same",
    "training/samples.py": "the same",
    "training/self_play.py": "the same",
}
READS = {"read_text", "read_bytes", "safe_open", "safe_load"}
MODULES = {("json", "loads"), ("json", "load"), ("torch", "load"), ("pickle", "loads")}


def reads_by_itself(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Attribute(ast.Name(module), name) if (module, name) in MODULES:
                return True
            case ast.Attribute(_, name) if name in READS:
                return True
            case ast.Name("open") | ast.Name("safe_open"):
                return True
    return False


def test_files_of_users_are_read_in_one_place():
    found = {
        str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if reads_by_itself(path)
    }
    assert found == set(OWN_FILES)
