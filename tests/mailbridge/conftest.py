"""A nameserver for whoever asks questions, and where the corpora are."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.mailbridge.deliver.nameserver import Nameserver


@pytest.fixture
async def nameserver() -> AsyncIterator[Nameserver]:
    """A nameserver with an empty zone."""
    server = await Nameserver().start()
    yield server
    server.stop()
