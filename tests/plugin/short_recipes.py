"""A plugin for sessions of tests, ``-p tests.plugin.short_recipes``: it cuts two of the recipes.

Half as many steps, and a fifth of the checkpoints, teach a run enough to be judged by.
"""

from alpharl_bench.plugin import options
from alpharl_bench.registry import Registry, load_registry

CHECKPOINTS = 4
STEPS = {"dapo": 32, "sft": 120}


def shortened() -> Registry:
    """The package's registry with fewer steps of :data:`STEPS`; all else is as it ships."""
    known = load_registry()
    algorithms = dict(known.algorithms)
    for name, steps in STEPS.items():
        recipe, fewer = algorithms[name], {"max_steps": steps}
        changed = {
            "checkpoints": CHECKPOINTS,
            "config": recipe.config | fewer,
            "regimes": {regime: own | fewer for regime, own in recipe.regimes.items()},
        }
        algorithms[name] = recipe.model_copy(update=changed)
    return Registry(known.models, algorithms, known.runs)


options.load_registry = shortened
