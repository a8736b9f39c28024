"""A model's files, a Hub cache without network, and a small Hub."""

from tests.hub_fixtures import hub_cache, model, online

__all__ = ["hub_cache", "model", "online"]
