"""A plugin for sessions of tests, ``-p tests.plugin.short_recipes``: it cuts two of the recipes.

Two families of problems, larger and fewer steps on smaller batches, and two checkpoints teach a run
enough to be judged by.
"""

from alpharl_bench.plugin import options
from alpharl_bench.registry import Registry, load_registry

CHECKPOINTS = 2
FAMILIES = ("addition", "subtraction")
MODEL = "qwen3-switch"
CHANGES = {
    "dapo": {"max_steps": 8, "per_device_train_batch_size": 64, "learning_rate": 2e-4},
    "sft": {"max_steps": 50, "per_device_train_batch_size": 32, "learning_rate": 1e-3},
}


def shortened() -> Registry:
    """The package's registry with :data:`CHANGES` of its recipes; all else is as it ships."""
    known = load_registry()
    algorithms = dict(known.algorithms)
    for name, changes in CHANGES.items():
        recipe = algorithms[name]
        changed = {
            "checkpoints": CHECKPOINTS,
            "config": recipe.config | changes,
            "regimes": {regime: own | changes for regime, own in recipe.regimes.items()},
        }
        algorithms[name] = recipe.model_copy(update=changed)
    learned = {"trained_on": FAMILIES, "scored_on": FAMILIES}
    models = {**known.models, MODEL: known.models[MODEL].model_copy(update=learned)}
    return Registry(models, algorithms, known.runs)


options.load_registry = shortened
