"""The public runs: what the registry says of them, and what is said about faulty files."""

import shutil
from pathlib import Path

import pytest

from alpharl_bench import registry
from alpharl_bench.checkpoints.hub import parse_reference
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.spec import run_specs

OWN = Path(registry.__file__).parent
#: The numbers of parameters that the pages of the models on the Hub print, tied ones once.
PUBLISHED = {
    "mistral-7b": 7_241_732_096,
    "olmo2-1b": 1_484_916_736,
    "olmo3-7b": 7_298_011_136,
    "qwen2.5-32b": 32_763_876_352,
    "qwen2.5-7b": 7_615_616_512,
    "qwen2.5-math-1.5b": 1_543_714_304,
    "qwen2.5-math-7b": 7_615_616_512,
    "qwen3-1.7b": 1_720_574_976,
    "qwen3-4b": 4_022_468_096,
    "qwen3-8b": 8_190_735_360,
    "r1-distill-qwen-1.5b": 1_777_088_000,
}


@pytest.fixture(scope="module")
def infos():
    """By the name of the run; nothing is asked of the Hub."""
    return {run.name: run.source.info() for run in run_specs("paper", load_registry())}


def test_every_architecture_has_as_many_parameters_as_its_model(infos):
    released = load_registry().released
    assert {released[name].model for name in infos} == set(PUBLISHED)
    for name, info in infos.items():
        assert info.size.parameters == PUBLISHED[released[name].model], name


def test_the_size_of_qwen3_8b_is_what_its_config_gives_by_hand(infos):
    info = infos["qwen3-8b-dapo"]
    hidden, layers, vocabulary = 4096, 36, 151_936
    attention = 2 * hidden * 32 * 128 + 2 * hidden * 8 * 128  # q and o, k and v
    mlp = 3 * hidden * 12_288
    norms = 2 * hidden + 2 * 128
    by_hand = 2 * vocabulary * hidden + layers * (attention + mlp + norms) + hidden
    assert info.size.parameters == by_hand
    assert info.checkpoint_bytes == 2 * by_hand  # bfloat16: 16.4 GB
    assert round(info.checkpoint_bytes / 1e9, 1) == 16.4
    # Keys and values of 8 heads of 128 in 36 layers: 144 KiB a token in bfloat16.
    assert 2 * info.size.cached_values == 147_456
    assert len(info.size.matrices) == 7 * layers
    assert info.size.largest_matrix == hidden * 12_288
    assert info.size.positions == 32_768
    assert len(info.remote) == 28  # the base, and 27 checkpoints


def test_every_run_can_be_looked_for_and_expects_claims_that_exist():
    for run in load_registry().released.values():
        assert parse_reference(run.run) is not None
        assert run.base is None or parse_reference(run.base) is not None
        assert set(run.expect) <= set(CLAIMS)


def test_the_lane_has_the_kinds_that_the_paper_compares():
    kinds = {run.name: run.kind for run in run_specs("paper", load_registry())}
    assert set(kinds.values()) == {"RL", "self-play", "distillation", "DPO"}
    assert len(kinds) == 16
    assert kinds["qwen2.5-math-7b-dist"] == "distillation"


def test_a_trajectory_whose_last_step_is_the_main_branch(infos):
    assert load_registry().released["qwen3-4b-rlvr"].main_step == 500
    assert infos["qwen3-4b-rlvr"].steps[-2:] == (75, 500)


def test_what_is_not_known_is_said(infos):
    about = " ".join(infos["r1-distill-qwen-1.5b-grpo"].about)
    assert "not verified: Which steps there are" in about
    assert "the last alone is counted" in about
    assert "licence: none that was seen" in infos["qwen2.5-7b-ppo"].about


@pytest.fixture
def folder(tmp_path):
    for kind in ("models", "algorithms", "runs", "released", "architectures"):
        shutil.copytree(OWN / kind, tmp_path / kind)
    return tmp_path


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"qwen3-4b"', '"qwen3-5b"', "unknown architecture 'qwen3-5b'; did you mean 'qwen3-8b'?"),
        ("main_step = 500", "main_step = 400", "main_step: not among steps"),
        ("75, 500", "75, 70, 500", "steps: not ascending"),
        ("main_step = 500", "main_step = 500\ncheckpoints = 3", "checkpoints: follow from steps"),
        ("[5, 10", "[0, 5, 10", "steps.0: Input should be greater than 0"),
        ('kind = "RL"', 'kind = "rl"', "kind: Input should be 'RL'"),
        ("unverified = ", "verified = ", "unverified: Field required"),
    ],
)
def test_a_fault_is_named_with_its_file_and_key(folder, before, after, message):
    path = folder / "released" / "qwen3-4b-rlvr.toml"
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))
    with pytest.raises(AlphaRLBenchError) as caught:
        load_registry(folder)
    assert "released/qwen3-4b-rlvr.toml: " in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_that_a_run_of_the_zoo_has(folder):
    path = folder / "released" / "qwen3-4b-rlvr.toml"
    path.rename(path.with_name("qwen3-facts-dapo.toml"))
    with pytest.raises(
        AlphaRLBenchError, match=r"released/qwen3-facts-dapo.toml: a run that is tr"
    ):
        load_registry(folder)
