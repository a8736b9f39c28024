"""Extrapolated logits: against two models that are asked one token at a time, without caches."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from alpharl_bench.checkpoints import Checkpoint, Run, open_weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.variants import BASE, full_at
from alpharl_bench.variants.combined import applied
from alpharl_bench.variants.extrapolated_logits import ExtrapolatedLogits
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.patch import PatchedModel
from tests.models import ARCHITECTURES, DENSE, trained_pair
from tests.variants.test_patch import assert_equal_bits, parameters

NEW = 8
#: Of several lengths: a batch of them is padded on the left.
PROMPTS = [[5, 9, 11, 30, 7, 8, 22], [40], [3, 17, 4, 25]]


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """A run of two checkpoints that are far apart, by its architecture."""
    made: dict[str, Run] = {}

    def run(architecture: str) -> Run:
        if architecture not in made:
            folder = tmp_path_factory.mktemp(architecture)
            # Random responses that do not end: no token is special.
            base, first = trained_pair(
                folder, architecture, scale=0.05, config={"eos_token_id": None}
            )
            model = loaded(first)
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.add_(0.05 * torch.randn(parameter.shape))
            model.save_pretrained(folder / "checkpoint-14")
            checkpoints = (Checkpoint(7, first), Checkpoint(14, folder / "checkpoint-14"))
            made[architecture] = Run(architecture, base, checkpoints)
        return made[architecture]

    return run


def loaded(folder: Path, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()


def patched(run: Run, dtype: torch.dtype = torch.float32) -> PatchedModel:
    return PatchedModel(loaded(run.base, dtype), UpdateSource(run))


def logits(run: Run, earlier: int, target: float) -> ExtrapolatedLogits:
    """Of a step, 0 for the base, and the run's last step, 14."""
    base = open_weights(run.base)
    first = open_weights(run.at(earlier).path, base) if earlier else base
    alpha = (target - earlier) / (14 - earlier)
    return ExtrapolatedLogits(first, open_weights(run.final.path, base), alpha)


def generate(
    model: PreTrainedModel, prompts=PROMPTS, *, seed: int | None = None
) -> list[list[int]]:
    """The new tokens of a batch, padded on the left; greedy without a seed."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    if seed is not None:
        torch.manual_seed(seed)
    output = model.generate(
        input_ids=ids,
        attention_mask=mask,
        max_new_tokens=NEW,
        pad_token_id=0,
        use_cache=True,
        do_sample=seed is not None,
        top_k=0 if seed is not None else None,
    )
    return output[:, longest:].tolist()


@torch.no_grad()
def token_by_token(first: PreTrainedModel, second: PreTrainedModel, alpha: float):
    """Every prompt by itself, the whole sequence anew for every token."""
    found = []
    for prompt in PROMPTS:
        tokens = list(prompt)
        for _ in range(NEW):
            one, two = (
                model(torch.tensor([tokens]), use_cache=False).logits[0, -1].double()
                for model in (first, second)
            )
            tokens.append(int((one + alpha * (two - one)).argmax()))
        found.append(tokens[len(prompt) :])
    return found


@pytest.mark.parametrize("architecture", DENSE)
@pytest.mark.parametrize(("earlier", "target"), [(7, 21), (0, 10)])
def test_greedy_responses_are_those_of_two_models_asked_token_by_token(
    run_of, architecture, earlier, target
):
    run = run_of(architecture)
    first = loaded(run.at(earlier).path if earlier else run.base)
    second = loaded(run.final.path)
    expected = token_by_token(first, second, (target - earlier) / (14 - earlier))
    with patched(run).changed(logits(run, earlier, target)) as model:
        assert generate(model) == expected
        # Once more, and other prompts between: no cache is left from before.
        generate(model, [[33, 44]])
        assert generate(model) == expected


def test_extrapolated_responses_are_of_neither_model(run_of):
    run = run_of("qwen3")
    found = {}
    for alpha in (0, 1, 3):
        with patched(run).changed(logits(run, 7, 7 + 7 * alpha)) as model:
            found[alpha] = generate(model)
    assert len({str(tokens) for tokens in found.values()}) == 3


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("target", "step"), [(7, 7), (14, 14)])
def test_both_ends_sample_as_the_checkpoints_themselves(run_of, architecture, dtype, target, step):
    run = run_of(architecture)
    spec = patched(run, dtype)
    with spec.use_variant(full_at(step)) as model:
        expected = generate(model, seed=1)
        whole = model(torch.tensor([PROMPTS[0]])).logits
    with spec.changed(logits(run, 7, target)) as model:
        assert generate(model, seed=1) == expected
        # Also without a cache that goes on, as likelihoods are asked for.
        assert torch.equal(model(torch.tensor([PROMPTS[0]])).logits, whole)


def test_a_cache_that_the_model_began_itself_goes_on(run_of):
    run = run_of("qwen3")
    tokens = torch.tensor([PROMPTS[0]])
    with patched(run).changed(logits(run, 0, 28)) as model, torch.no_grad():
        whole = model(tokens, use_cache=False).logits
        cache = model(tokens[:, :4], use_cache=True).past_key_values
        rest = model(tokens[:, 4:], past_key_values=cache, use_cache=True).logits
    torch.testing.assert_close(rest, whole[:, 4:], atol=1e-5, rtol=1e-5)


def test_a_seed_fixes_the_samples(run_of):
    run = run_of("qwen3")
    spec = patched(run)
    with spec.changed(logits(run, 0, 20)) as model:
        samples = [generate(model, seed=seed) for seed in (1, 2)]
    with spec.changed(logits(run, 0, 20)) as model:
        assert generate(model, seed=1) == samples[0] != samples[1]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_base_is_back_behind_the_block_and_answers_alone(run_of, dtype):
    run = run_of("qwen3")
    spec, untouched = patched(run, dtype), loaded(run.base, dtype)
    before = generate(untouched)
    with spec.changed(logits(run, 7, 28)) as model:
        assert generate(model) != before
    assert_equal_bits(spec.model, parameters(untouched))
    with spec.use_variant(BASE) as model:
        assert generate(model) == before


def test_the_base_is_back_after_an_error_in_the_block(run_of):
    run = run_of("qwen3")
    spec = patched(run)

    def fail() -> None:
        with spec.changed(logits(run, 7, 28)):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert_equal_bits(spec.model, parameters(loaded(run.base)))
    assert generate(spec.model) == generate(loaded(run.base))


def test_no_weights_are_extrapolated_logits(run_of):
    run = run_of("qwen3")
    with pytest.raises(AlphaRLBenchError, match=r"two models .* --engine hf"):
        applied(logits(run, 7, 28), open_weights(run.base))
