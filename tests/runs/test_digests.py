"""What the keys of runs and bases depend on."""

from alpharl_bench.runs.bases import cached_base
from alpharl_bench.runs.digests import run_digest


def test_the_digest_depends_on_recipe_seed_base_and_teacher(grpo, tiny_registry):
    digest = run_digest(grpo, tiny_registry)
    assert digest == run_digest(grpo, tiny_registry)
    others = [
        grpo.model_copy(update={"seed": 9}),
        tiny_registry.run("tiny-dapo"),
        tiny_registry.run("tiny-rloo"),
    ]
    assert digest not in {run_digest(other, tiny_registry) for other in others}


def test_the_place_of_a_base_depends_on_what_decides_over_its_weights(tiny):
    place = cached_base(tiny)
    for change in ({"seed": 5}, {"config": {**tiny.config, "hidden_size": 64}}):
        assert cached_base(tiny.model_copy(update=change)) != place
    assert cached_base(tiny.model_copy(update={"algorithms": ("sft",)})) == place
