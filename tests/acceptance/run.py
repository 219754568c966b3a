"""The run: its steps in order, each played once, and the table of what came of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter

import aiohttp

from bot.faults import SlackFault
from bot.sandbox.driver import PocketError
from tests.acceptance import ours, theirs
from tests.acceptance.stage import Failed, Skipped, Stage


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """`vital`: without it nothing after it can be told, so its failure ends the run."""

    title: str
    play: Callable[[Stage], Awaitable[str]]
    vital: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a step, in words, and how many seconds it took."""

    title: str
    result: Result
    seen: str
    seconds: float


STEPS = (
    Step("Tokens, socket and scopes are as they should be", ours.doctor, vital=True),
    Step("No other bot answers for the app", ours.alone, vital=True),
    Step("The channel takes reports", ours.channel, vital=True),
    Step("A card is posted, redrawn and deleted", ours.card),
    Step("A file is shared and read back", ours.file),
    Step("Slack finds every message and view valid", ours.valid),
    Step("The bot and the bridge run and know the people", ours.begin, vital=True),
    Step("A group is made in the wizard", theirs.create, vital=True),
    Step("A mail reaches its contact, and is reported", theirs.mail),
    Step("A held post is released by its button", theirs.release),
    Step("A held post is discarded by its button", theirs.discard),
    Step("A request is approved by its button", theirs.approve),
    Step("A mail is written by the shortcut and taken back", theirs.write),
    Step("The Home tab opens and its buttons act", theirs.pause),
    Step("All that had to be said stands in Slack", ours.said),
)
CLEANING = Step("What the check posted is deleted", ours.clean)


async def play(stage: Stage) -> list[Played]:
    """Go every step, say each as it comes out, and clean up whatever happened."""
    played: list[Played] = []
    ended = ""
    try:
        for number, step in enumerate(STEPS, 1):
            stage.tell(f"{number:>3}. {step.title}")
            one = Played(step.title, Result.SKIPPED, ended, 0.0) if ended else await _played(stage, step)
            stage.tell(f"     {one.result}: {one.seen} ({one.seconds:.1f} s)")
            played.append(one)
            if step.vital and one.result is Result.FAILED:
                ended = f"without step {number} it cannot be gone"
    finally:
        # Interrupted too: nobody else knows what this run has posted.
        played.append(await _played(stage, CLEANING))
        stage.tell(f"     {played[-1].title}: {played[-1].result}, {played[-1].seen}")
    return played


async def _played(stage: Stage, step: Step) -> Played:
    began = perf_counter()
    try:
        result, seen = Result.PASSED, await step.play(stage)
    except Skipped as reason:
        result, seen = Result.SKIPPED, str(reason)
    except (Failed, PocketError) as fault:
        result, seen = Result.FAILED, str(fault)
    except aiohttp.ClientError as fault:
        result, seen = Result.FAILED, f"a door of our own did not answer: {fault}"
    except SlackFault as fault:
        result, seen = Result.FAILED, f"Slack said {fault}"
    return Played(step.title, result, seen, perf_counter() - began)


def table(played: list[Played]) -> Iterator[str]:
    """The lines of the table, and how many of each there were."""
    width = max(len(one.title) for one in played)
    for number, one in enumerate(played, 1):
        yield f"{number:>3}  {one.title:<{width}}  {one.result:<7}  {one.seconds:>6.1f} s"
    counts = {result: sum(one.result is result for one in played) for result in Result}
    yield ", ".join(f"{n} {result}" for result, n in counts.items())
