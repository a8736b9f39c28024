"""What the options of `alpharl-bench forecast` stand for."""

from pathlib import Path

from alpharl_bench.checkpoints import Accuracies, accuracies_in, read_accuracies
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast.forecaster import Target
from alpharl_bench.forecast.method import Method
from alpharl_bench.forecast.prefix import Prefix
from alpharl_bench.forecast.registry import all_methods


def chosen_method(name: str) -> Method:
    """The method of a name.

    Raises:
        AlphaRLBenchError: there is none whose predictions can be written.
    """
    known = {method.name: method for method in all_methods().values() if not method.scored_only}
    if name not in known:
        raise AlphaRLBenchError(f"--method {name}: unknown; one of {', '.join(known)}")
    return known[name]


def chosen_accuracies(
    method: Method, run: str, named: Path | None, prefix: Prefix
) -> Accuracies | None:
    """The accuracies of the prefix where the method needs them: of a file, else of the run itself.

    Args:
        method: the forecaster.
        run: ``--run``.
        named: ``--accuracies``.
        prefix: the observed checkpoints; nothing is read that belongs to later ones.

    Raises:
        AlphaRLBenchError: they are needed and nowhere, or not as they should be.
    """
    if method.forecaster.needs != "accuracy":
        return None
    if named is not None:
        return accuracies_in(named, prefix.steps)
    found = read_accuracies(Path(run).expanduser().absolute(), prefix.steps)
    if found is None or any(step not in found.values for step in prefix.steps):
        raise AlphaRLBenchError(
            f"--method {method.name}: needs the accuracy of every observed checkpoint (steps "
            f"{', '.join(map(str, prefix.steps))}), and {run} does not have them all; give them by "
            "--accuracies FILE, or choose a method that needs none"
        )
    return found


def chosen_target(method: Method, named: float | None, prefix: Prefix) -> Target:
    """What ``--target`` means to a method.

    Raises:
        AlphaRLBenchError: an accuracy is needed, a step is none of a training, or a target is given
            to a method without one.
    """
    match method.forecaster.needs:
        case "step" if named is not None and named < 1:
            raise AlphaRLBenchError(f"--target {named:g}: {method.name} takes a step, from 1 on")
        case "step":
            return Target(step=prefix.total_steps if named is None else named)
        case "accuracy" if named is None:
            best = max(prefix.accuracies or (0.0,))
            raise AlphaRLBenchError(
                f"--target: {method.name} predicts the model of an accuracy; say which, in the "
                f"measure of those of the checkpoints (the best observed is {best:.3g})"
            )
        case "accuracy":
            return Target(accuracy=named)
    if named is not None:
        raise AlphaRLBenchError(f"--target {named:g}: {method.name} has no target; leave it out")
    return Target()
