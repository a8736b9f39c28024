"""What shared prompts compute, against TRL's own trainers."""

import pytest
import torch
from trl import GRPOTrainer, RLOOTrainer

from alpharl_bench.training.shared_prompts import SharedPrompts, SharedPromptsRLOO
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

#: By the name of a recipe: its trainer with shared prompts, and TRL's.
KINDS = {"grpo": (SharedPrompts, GRPOTrainer), "rloo": (SharedPromptsRLOO, RLOOTrainer)}


def recipe(name, shared, **config):
    """A recipe with or without shared prompts."""
    known = short(name, **config)
    return known.model_copy(update={"options": {"shared_prompts": shared}})


def trainer(name, shared, base, folder):
    made = TRAINERS[name](job(recipe(name, shared), base, folder))
    assert type(made) is KINDS[name][not shared]
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


@pytest.mark.parametrize("name", KINDS)
def test_log_probabilities_entropies_and_gradients_are_those_of_trl(name, base, batch, tmp_path):
    ids, mask, counted = batch
    found = {}
    for shared in (True, False):
        made = trainer(name, shared, base, tmp_path)
        logps, entropies, _ = made._get_per_token_logps_and_entropies(
            made.model, ids, mask, 5, compute_entropy=True
        )
        (logps * counted).sum().backward()
        gradients = {n: p.grad for n, p in made.model.named_parameters() if p.grad is not None}
        found[shared] = (logps * counted).detach(), (entropies * counted).detach(), gradients
    torch.testing.assert_close(found[True][0], found[False][0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found[True][1], found[False][1], rtol=1e-4, atol=1e-4)
    assert found[True][2].keys() == found[False][2].keys()
    for parameter, gradient in found[False][2].items():
        torch.testing.assert_close(found[True][2][parameter], gradient, rtol=1e-3, atol=1e-4)


def test_the_same_responses_are_drawn_by_grpo(base, tmp_path):
    asked = [[5, 6, 7, 8]] * 4 + [[9, 10]] * 4
    drawn = []
    for shared in (True, False):
        made = trainer("grpo", shared, base, tmp_path)
        torch.manual_seed(3)
        drawn.append(made._generate_single_turn(asked, None, {}, 4)[0])
    assert drawn[0] == drawn[1]
    assert any(len(response) > 1 for response in drawn[0])


@pytest.mark.parametrize("name", KINDS)
def test_a_training_ends_in_the_same_weights(name, tmp_path):
    base = tiny_base(tmp_path / "base")
    with random_weights_can_be_right():
        shared, own = (
            weights(trained(recipe(name, s, learning_rate=1e-4), base, tmp_path / str(s)))
            for s in (True, False)
        )
    before = weights(base)
    for parameter, tensor in own.items():
        moved = (tensor - before[parameter]).norm()
        assert (shared[parameter] - tensor).norm() <= 0.05 * moved, parameter
