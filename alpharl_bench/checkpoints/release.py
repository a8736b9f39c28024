"""Public runs of the registry: their checkpoints on the Hub, and what of them is here."""

from alpharl_bench.checkpoints.hub import HubFolder, cache_alone, parse_reference
from alpharl_bench.checkpoints.run import Checkpoint, Run, discover, find_base
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import Release


def open_release(release: Release) -> Run:
    """The run with the checkpoints that are judged; its base is downloaded, they are listed.

    Raises:
        AlphaRLBenchError: the Hub has not what the registry says, or cannot be reached.
    """
    found = discover(release.run)
    checkpoints = _by_step(release)
    missing = [str(step) for step in release.steps if step not in checkpoints]
    if missing:
        raise AlphaRLBenchError(
            f"{release.run}: no checkpoint of step {', '.join(missing)}, which "
            f"released/{release.name}.toml names; there are {', '.join(map(str, checkpoints))}"
        )
    base = find_base(found, release.base).folder()
    judged = release.steps or tuple(checkpoints)
    return Run(release.name, base, tuple(checkpoints[step] for step in judged), found.layout)


def cached_base(release: Release) -> bool:
    """Whether the base is whole in the Hub's local cache; the Hub is not asked."""
    with cache_alone():
        try:
            place = (
                parse_reference(release.base)
                if release.base is not None
                else find_base(discover(release.run)).location
            )
        except AlphaRLBenchError:
            return False
        return isinstance(place, HubFolder) and place.cached() is not None


def cached_steps(release: Release) -> frozenset[int]:
    """The steps whose weights are whole in the Hub's local cache; the Hub is not asked."""
    with cache_alone():
        try:
            listed = _by_step(release)
        except AlphaRLBenchError:
            return frozenset()
        return frozenset(
            step
            for step, checkpoint in listed.items()
            if isinstance(checkpoint.location, HubFolder) and checkpoint.location.cached()
        )


def _by_step(release: Release) -> dict[int, Checkpoint]:
    """The checkpoints by step, ascending; the main branch among them where it is one."""
    listed = {found.step: found for found in discover(release.run).checkpoints}
    place = parse_reference(release.run)
    if release.main_step is not None and place is not None:
        listed[release.main_step] = Checkpoint(release.main_step, HubFolder(place.repo))
    return dict(sorted(listed.items()))
