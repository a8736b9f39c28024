"""NExt on planted trajectories, and its network."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast import Target, observe
from alpharl_bench.forecast.methods.next import NExt
from alpharl_bench.forecast.next_network import TrajectoryNetwork, trained_network
from tests.forecast.forecasters import FORECASTERS
from tests.forecast.planted import deltas, direction, planted

UP = "model.layers.0.mlp.up_proj.weight"
EMBEDDINGS = "model.embed_tokens.weight"
NORM = "model.norm.weight"


@pytest.fixture(scope="module")
def steady(tmp_path_factory):
    """Every tensor but one goes on by the same update of rank 1 at every checkpoint."""

    def delta(name, shape, step):
        return torch.zeros(shape) if "down_proj" in name else step / 100 * direction(name, shape)

    return planted(tmp_path_factory.mktemp("steady"), delta)


@pytest.fixture(scope="module")
def forecast(steady):
    """What is predicted from the first six checkpoints: two more, times α."""
    prefix = observe(steady, 0.6)
    return prefix, NExt().fit(prefix).predict(Target())


@pytest.fixture
def hasty(monkeypatch):
    """Where it does not matter how well a network learns."""
    monkeypatch.setattr("alpharl_bench.forecast.next_network.EPOCHS", 3)


def cosine(one, other):
    return float((one.double() * other).sum() / one.double().norm() / other.norm())


def added(forecast, run, step):
    """What is predicted on top of the last observed checkpoint."""
    prefix, model = forecast
    last = deltas(run, step)
    return {name: model.delta(prefix.base, name).double() - last[name] for name in model.names}


def test_a_constant_update_goes_on(steady, forecast):
    found, now, then = added(forecast, steady, 60), deltas(steady, 60), deltas(steady, 80)
    assert EMBEDDINGS in found
    for name, tensor in found.items():
        if "down_proj" in name:
            continue
        coming = then[name] - now[name]
        assert cosine(tensor, coming) > 0.9, name
        if tensor.ndim == 2:
            # α = 1.5 times as far.
            assert float(tensor.norm() / coming.norm()) == pytest.approx(1.5, rel=0.1), name


def test_what_is_added_to_a_matrix_is_of_rank_1(steady, forecast):
    for tensor in added(forecast, steady, 60).values():
        if tensor.ndim == 2:
            sigma = torch.linalg.svdvals(tensor)
            assert sigma[1] <= 1e-4 * max(sigma[0], 1e-3)


def test_what_has_not_moved_stays(steady, forecast):
    still = [name for name in forecast[1].names if "down_proj" in name]
    assert still
    for name in still:
        assert torch.equal(forecast[1].tensor(name), forecast[0].base.tensor(name))


@pytest.mark.usefixtures("hasty")
def test_it_goes_alpha_times_as_far(steady):
    prefix = observe(steady, 0.6)
    once, twice = (
        added((prefix, NExt(alpha).fit(prefix).predict(Target())), steady, 60)
        for alpha in (0.75, 1.5)
    )
    for name, tensor in twice.items():
        torch.testing.assert_close(tensor, 2 * once[name], atol=1e-6, rtol=0)


@pytest.mark.usefixtures("hasty")
def test_the_same_prefix_has_the_same_forecast_whatever_comes_later(tmp_path):
    def delta(name, shape, step):
        return step / 100 * direction(name, shape)

    run = planted(tmp_path, delta)
    before = NExt().fit(observe(run, 0.4)).predict(Target())
    before = {name: before.tensor(name).clone() for name in before.names}
    torch.manual_seed(1)
    for checkpoint in run.checkpoints[4:]:
        path = checkpoint.path / "model.safetensors"
        garbage = {name: torch.full_like(w, torch.nan) for name, w in load_file(path).items()}
        save_file(garbage, path, metadata={"format": "pt"})
    after = NExt().fit(observe(run, 0.4)).predict(Target(step=70, accuracy=0.3))
    assert all(torch.equal(after.tensor(name), tensor) for name, tensor in before.items())
    state = torch.random.get_rng_state()
    NExt().fit(observe(run, 0.4))
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.usefixtures("hasty")
def test_every_observed_checkpoint_counts(tmp_path):
    def delta(name, shape, step):
        return step / 100 * direction(name, shape)

    run = planted(tmp_path, delta, steps=(1, 2, 3, 4, 5, 6))
    before = NExt().fit(observe(run, 1)).predict(Target()).tensor(UP).clone()
    for step in run.steps:
        path = run.at(step).path / "model.safetensors"
        kept = load_file(path)
        turned = {name: w + 0.01 * direction(name, w.shape, 2) for name, w in kept.items()}
        save_file(turned, path, metadata={"format": "pt"})
        assert not torch.equal(NExt().fit(observe(run, 1)).predict(Target()).tensor(UP), before)
        save_file(kept, path, metadata={"format": "pt"})


@pytest.mark.usefixtures("hasty")
def test_two_checkpoints_are_the_fewest(steady):
    with pytest.raises(AlphaRLBenchError, match=r"1 observed checkpoints: .* at least 2"):
        FORECASTERS["next"].fit(observe(steady, 0.1))
    NExt().fit(observe(steady, 0.2))


def test_a_run_that_did_not_move_is_refused(tmp_path):
    run = planted(tmp_path, lambda name, shape, step: torch.zeros(shape), steps=(1, 2, 3))
    with pytest.raises(AlphaRLBenchError, match=r"checkpoint-3: no weight .* differs"):
        FORECASTERS["next"].fit(observe(run, 1))


def test_the_network_has_three_blocks_with_a_bottleneck_of_256():
    d = 10
    linear = (d * 256 + 256) + (256 * d + d)
    wide = (2 * d * 256 + 256) + (256 * 2 * d + 2 * d) + (2 * d * 256 + 256) + (256 * d + d)
    assert sum(p.numel() for p in TrajectoryNetwork(d).parameters()) == 2 * 2 * linear + wide


def test_the_network_learns_from_both_updates():
    generator = torch.Generator().manual_seed(0)
    plane = torch.nn.functional.normalize(torch.randn(2, 16, generator=generator), dim=-1)
    global_, local = torch.rand(2, 40, 20, 2, generator=generator) @ plane
    coming = 2 * global_ - local
    network = trained_network(global_[:30], local[:30], coming[:30])
    with torch.no_grad():
        error = (network(global_[30:], local[30:]) - coming[30:]).abs().mean()
    # From the global update alone 0.35 of it is left, from the local one 0.74.
    assert error < 0.05 * coming.abs().mean()
