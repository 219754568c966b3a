"""Faults happen in the same town as the stories."""

from tests.flows.conftest import town

__all__ = ["town"]
