"""A wheel holds the suites and fixtures; an editable installation has those of its checkout."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SuitesHook(BuildHookInterface[Any]):
    """Takes the suites and fixtures into the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add them to a standard wheel."""
        if version == "standard":
            build_data["force_include"].update(
                {folder: f"alpharl_bench/{folder}" for folder in ("fixtures", "suites")}
            )
