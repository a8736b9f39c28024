"""What shared prompts compute, against GRPO's own trainer."""

import pytest
import torch
from trl import GRPOTrainer

from alpharl_bench.training.shared_prompts import SharedPrompts
from alpharl_bench.training.trainers import TRAINERS
from tests.training.tiny import (
    MODELS,
    job,
    random_weights_can_be_right,
    short,
    tiny_base,
    trained,
    weights,
)


def recipe(shared, **config):
    """GRPO's recipe with or without shared prompts."""
    grpo = short("grpo", **config)
    return grpo.model_copy(update={"options": {"shared_prompts": shared}})


def trainer(shared, base, folder):
    made = TRAINERS["grpo"](job(recipe(shared), base, folder))
    made.model.train()
    return made


@pytest.fixture(scope="module", params=MODELS)
def base(tmp_path_factory, request):
    return tiny_base(tmp_path_factory.mktemp("base"), request.param)


@pytest.fixture(scope="module")
def batch():
    """Six responses to three prompts of different length, padded on both sides."""
    generator = torch.Generator().manual_seed(0)
    prompts = torch.randint(5, 60, (3, 7), generator=generator)
    attended = torch.ones_like(prompts)
    attended[1, :2] = attended[2, :4] = 0
    responses = torch.randint(5, 60, (6, 5), generator=generator)
    counted = torch.ones_like(responses)
    counted[1, 3:] = counted[4, 1:] = 0
    order = torch.tensor([0, 0, 1, 1, 2, 2])
    ids = torch.cat([(prompts * attended)[order], responses], dim=1)
    return ids, torch.cat([attended[order], counted], dim=1), counted


def test_log_probabilities_entropies_and_gradients_are_those_of_grpo(base, batch, tmp_path):
    ids, mask, counted = batch
    found = {}
    for shared in (True, False):
        made = trainer(shared, base, tmp_path)
        assert type(made) is (SharedPrompts if shared else GRPOTrainer)
        logps, entropies, _ = made._get_per_token_logps_and_entropies(
            made.model, ids, mask, 5, compute_entropy=True
        )
        (logps * counted).sum().backward()
        gradients = {n: p.grad for n, p in made.model.named_parameters() if p.grad is not None}
        found[shared] = (logps * counted).detach(), (entropies * counted).detach(), gradients
    torch.testing.assert_close(found[True][0], found[False][0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found[True][1], found[False][1], rtol=1e-4, atol=1e-4)
    assert found[True][2].keys() == found[False][2].keys()
    for name, gradient in found[False][2].items():
        torch.testing.assert_close(found[True][2][name], gradient, rtol=1e-3, atol=1e-4)


def test_the_same_responses_are_drawn(base, tmp_path):
    asked = [[5, 6, 7, 8]] * 4 + [[9, 10]] * 4
    drawn = []
    for shared in (True, False):
        made = trainer(shared, base, tmp_path)
        torch.manual_seed(3)
        drawn.append(made._generate_single_turn(asked, None, {}, 4)[0])
    assert drawn[0] == drawn[1]
    assert any(len(response) > 1 for response in drawn[0])


def test_a_training_ends_in_the_same_weights(tmp_path):
    base = tiny_base(tmp_path / "base")
    with random_weights_can_be_right():
        shared, own = (
            weights(trained(recipe(s, learning_rate=1e-4), base, tmp_path / str(s)))
            for s in (True, False)
        )
    before = weights(base)
    for name, tensor in own.items():
        moved = (tensor - before[name]).norm()
        assert (shared[name] - tensor).norm() <= 0.05 * moved, name
