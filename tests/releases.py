"""Public runs on the small Hub."""

from alpharl_bench.registry import Release


def release(**fields: object) -> Release:
    known = {
        "name": "mine-rl",
        "model": "qwen3-4b",
        "base": "lab/base",
        "algorithm": "RL",
        "kind": "RL",
        "run": "lab/rlvr@step_*",
        "source": "a test",
        "unverified": "nothing at all",
    }
    return Release.model_validate(known | fields)
