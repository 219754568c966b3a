"""One browser and one workspace for all of these tests; a fresh page for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.chromium import ChromiumMissingError, started
from tests.browser.desk import Desk
from tests.browser.place import Place, opened

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test itself failed, for the page to be shown."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser; skips with the reason where there is none."""
    try:
        async with started() as browser:
            yield browser
    except ChromiumMissingError as missing:
        pytest.skip(str(missing))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def place(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """The workspace, the bot and the bridge. Every test makes groups of its own in it."""
    async with opened(tmp_path_factory.mktemp("place")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def desk(chromium: Browser, place: Place, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """The page as Ada sees it when she comes; whatever goes wrong in it fails the test."""
    for person in await place.everybody():
        await place.pocket.reload(person)
        if await place.pocket.modal(person) is not None:
            await place.pocket.close(person, everything=True)
    context = await chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    opened_desk = Desk(await context.new_page())
    opened_desk.listen()
    await opened_desk.page.goto(place.base)
    await expect(opened_desk.page.get_by_text("live", exact=True)).to_be_visible()
    yield opened_desk
    if request.node.stash.get(FAILED, False):
        print(await opened_desk.page.locator("body").aria_snapshot(), place.said, sep="\n")
    await context.close()
    assert opened_desk.trouble == []
