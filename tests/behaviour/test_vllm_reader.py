"""vLLM writes and reads chains as transformers does; `tox -e vllm` has what it takes."""

from importlib.util import find_spec

import numpy as np
import pytest

from alpharl_bench.behaviour import Chains, Divergence
from alpharl_bench.behaviour.asking import Asking
from alpharl_bench.behaviour.readers import reader_of
from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.variants import BASE, FULL, rank
from alpharl_bench.variants.materialise import UpdateSource
from tests.scoring.test_vllm import VLLM, moved  # noqa: F401  (a fixture)

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM: `tox -e vllm`"),
    pytest.mark.usefixtures("engine_server"),
]
#: Nothing that a task says changes the policy that is compared.
SAMPLING = Sampling(tasks=("addition", "chain"), questions=100, samples=1, temperature=0.5)
WRITTEN = Chains(FULL, "untempered")


@pytest.fixture(scope="module")
def engines(moved):  # noqa: F811
    source = UpdateSource(moved)
    opened = {
        options.name: ScoringEngine(moved, "digest", source, SAMPLING, options)
        for options in (VLLM, EngineOptions(batch_size=64))
    }
    yield opened
    for engine in opened.values():
        engine.close()


@pytest.fixture(scope="module")
def asking(engines):
    return {name: Asking(engine, SAMPLING) for name, engine in engines.items()}


@pytest.fixture(scope="module")
def chains(asking):
    return asking["vllm"].respond(WRITTEN)


@pytest.mark.parametrize("variant", [BASE, rank(1), FULL], ids=str)
def test_a_chain_is_read_alike(engines, asking, chains, variant):
    prompts, tokens = asking["hf"].prompts, [chain.tokens for chain in chains]
    # One takes all of the room that there is.
    longest = max(range(len(prompts)), key=lambda i: len(prompts[i]))
    room = SAMPLING.max_tokens or asking["hf"]._tasks.max_tokens
    tokens[longest] = (tokens[longest] * room)[:room]
    found, expected = (
        reader_of(engines[name]).read(variant, prompts, tokens) for name in ("vllm", "hf")
    )
    same = total = 0
    for one, other in zip(found, expected, strict=True):
        assert one.surprise == pytest.approx(other.surprise, abs=2e-3)
        same += sum(a == b for a, b in zip(one.chosen, other.chosen, strict=True))
        total += len(other.chosen)
    # Where two tokens are equally likely either may be the choice.
    assert same >= 0.999 * total


def test_what_drawn_tokens_say_is_what_they_say_by_transformers(asking, chains):
    for variant in (BASE, rank(1)):
        found, exact = (
            asking[name].compare(Divergence(variant, WRITTEN), chains) for name in ("vllm", "hf")
        )
        assert {one.nats for one in found} == {None}
        drawn = np.array([one.drawn for one in found])
        assert drawn == pytest.approx([one.drawn for one in exact], abs=5e-3)
        # And in the mean it is the exact divergence, though the tasks are sampled colder.
        differences = drawn - [one.nats for one in exact]
        error = differences.std(ddof=1) / np.sqrt(len(differences))
        assert abs(differences.mean()) < 4 * error
        assert drawn.mean() > 10 * error
    assert {one.drawn for one in asking["vllm"].compare(Divergence(FULL, WRITTEN), chains)} == {0}


def test_greedy_chains_are_alike(asking):
    found, expected = (asking[name].respond(Chains(FULL)) for name in ("vllm", "hf"))
    alike = [one.tokens == other.tokens for one, other in zip(found, expected, strict=True)]
    # A tie that is broken otherwise goes on otherwise.
    assert np.mean(alike) >= 0.98
