"""Insufficient resources: what is required, what is available and how to fix it."""

from dataclasses import replace

import pytest

from alpharl_bench.bench import Options
from alpharl_bench.checkpoints import ModelSize
from alpharl_bench.claims.required import requirements_of
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.plan import Budget, Machine, cost_of, measured, shortfall
from alpharl_bench.runs.source import RunInfo
from alpharl_bench.scoring import EngineOptions, Sampling

#: 8 GB of weights in bfloat16, 16 GB in float32.
SIZE = ModelSize(4 * 10**9, {"model.layers.0.mlp.up_proj.weight": (5000, 20_000)}, 1000, 8192)
INFO = RunInfo((1, 2, 3), SIZE, 2, remote=frozenset({None, 1, 2, 3}))
ASKED = Options(Sampling(("math500",), questions=10, max_tokens=1000))
ROOMY = Machine(10**12, 10**12, shared=False, memory=10**12, gpus=())


def lacks(claim="P1.1", asked=ASKED, **machine):
    need = requirements_of(CLAIMS[claim], INFO.steps)
    cost = cost_of(need, INFO, asked)
    return shortfall(need, cost, SIZE, asked, replace(ROOMY, **machine))


def asked(name="hf", gpus=1, dtype="float32", **sampling):
    engine = EngineOptions(name, dtype, tensor_parallel=gpus)
    return Options(replace(ASKED.sampling, **sampling), engine)


def test_a_machine_that_has_it_all():
    assert lacks() == ""
    assert lacks(gpus=(80 * 10**9,)) == ""
    # Spectra load no model.
    assert lacks("P1.6", memory=3 * 10**9) == ""


def test_disk_for_weights():
    found = lacks(hub=15 * 10**9)
    assert found.startswith("needs 16 GB of disk for weights that are not here yet")
    assert "found 15 GB free at" in found
    assert "HF_HOME" in found
    assert lacks("P1.3", hub=17 * 10**9).startswith("needs 32 GB of disk")


def test_disk_for_what_is_made():
    found = lacks("P1.2-percent", cache=10**8)
    assert "of disk for what is made of them" in found
    assert "ALPHARL_BENCH_CACHE" in found
    together = lacks("P1.2-percent", hub=16_100 * 10**6, cache=16_100 * 10**6, shared=True)
    assert "needs 16 GB of disk for weights that are not here yet and " in together
    assert lacks("P1.2-percent", hub=16_100 * 10**6, cache=16_100 * 10**6) == ""


def test_memory_without_a_gpu():
    found = lacks(memory=12 * 10**9)
    assert found.startswith("needs 16 GB of memory for a model of 4.00 B parameters in float32")
    assert "a sequence of 3,048 tokens, found 12 GB free and no GPU" in found
    assert lacks(asked=asked(dtype="bfloat16"), memory=12 * 10**9) == ""


def test_memory_of_gpus():
    small = (10 * 10**9,) * 2
    found = lacks(gpus=small)
    assert "needs 16 GB of GPU memory" in found
    assert "found 9 GB that can be used on 1 of 2 GPUs" in found
    assert "--engine vllm --tensor-parallel 2" in found
    assert lacks(asked=asked("vllm", 2), gpus=small) == ""
    found = lacks(asked=asked("vllm", 4), gpus=small)
    assert found == "needs 4 GPUs (--tensor-parallel 4), found 2 GPUs; ask for fewer"


def test_memory_to_decompose():
    # All triplets of 5000 x 20,000 take nine copies of 0.4 GB on every core.
    found = lacks("P1.8", memory=3 * 10**9)
    assert "of memory to decompose updates on all cores, found 3 GB" in found
    on_gpu = Options(ASKED.sampling, device="cuda")
    found = lacks("P1.8", asked=on_gpu, gpus=(2 * 10**9,))
    assert found.startswith("needs 3.6 GB of memory to decompose updates, found a GPU with 2 GB")
    assert "--device cpu" in found


def test_positions():
    found = lacks(asked=asked(max_tokens=8192))
    assert "8,192 tokens of a response, found 8,192 positions" in found
    assert "--max-tokens 4096" in found


def test_questions_to_choose_by():
    found = lacks("A1", asked=Options(Sampling(("aime24", "gsm8k"), questions=None, max_tokens=9)))
    # A stage needs two checkpoints: of three there are none, and nothing is to be chosen.
    assert found == ""
    need = requirements_of(CLAIMS["A1"], range(1, 28))
    everything = Options(Sampling(("aime24", "gsm8k"), questions=None, max_tokens=9))
    cost = cost_of(need, INFO, everything)
    found = shortfall(need, cost, SIZE, everything, ROOMY)
    assert found.endswith("ask for --questions 15 or fewer")


@pytest.mark.parametrize(("disk", "fitting"), [(15, []), (20, ["P1.1"]), (40, ["P1.1", "P1.3"])])
def test_claims_must_fit_together(disk, fitting):
    budget, fits = Budget(replace(ROOMY, hub=disk * 10**9)), []
    for claim in ("P1.1", "P1.3", "P1.1-control"):
        required = requirements_of(CLAIMS[claim], INFO.steps)
        if not budget.lacking("mine", required, INFO, ASKED):
            budget.reserve("mine", required, INFO, ASKED)
            fits.append(claim)
    # The control takes the checkpoints that Rank-1 has taken.
    assert fits == [*fitting, *(["P1.1-control"] if fitting else [])]


def test_runs_must_fit_together():
    budget = Budget(replace(ROOMY, hub=20 * 10**9))
    need = requirements_of(CLAIMS["P1.1"], INFO.steps)
    assert budget.lacking("first", need, INFO, ASKED) == ""
    # To ask reserves nothing.
    assert budget.lacking("second", need, INFO, ASKED) == ""
    budget.reserve("first", need, INFO, ASKED)
    assert "found 4 GB free" in budget.lacking("second", need, INFO, ASKED)
    assert budget.lacking("first", need, INFO, ASKED) == ""
    assert list(budget.reserved) == ["first"]


def test_this_machine():
    machine = measured()
    assert machine.memory > 0
    assert machine.hub > 0
    assert machine.cache > 0
