"""The program itself: it waits for Slack at start without dying, serves, and at SIGTERM ends what it began."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.sandbox.settings import Listen, Settings

ROOT = Path(__file__).parents[2]


async def test_slack_away_at_start_then_served_then_sigterm(
    bot_url: str, free_port: Callable[[], int], tmp_path: Path
) -> None:
    port = free_port()
    sandbox = Sandbox(
        Settings(listen=Listen("127.0.0.1", port), sink=Listen("127.0.0.1", free_port()), tiers=False)
    )  # fmt: skip
    base = {key: value for key, value in os.environ.items() if not key.startswith(("SLACK_", "POSTROOM_"))}
    environ = base | {
        "PYTHONPATH": str(ROOT),
        "POSTROOM_DATABASE_URL": bot_url,
        "POSTROOM_DOMAINS": "groups.example.org",
        "POSTROOM_SECRET": "0123456789abcdef",
        "SLACK_BOT_TOKEN": sandbox.settings.bot_token,
        "SLACK_APP_TOKEN": sandbox.settings.app_token,
        "SLACK_API_URL": f"http://127.0.0.1:{port}/api/",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", env=environ, cwd=tmp_path, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    said: list[bytes] = []
    try:
        async with asyncio.timeout(30):
            while not any(b"slack.unreachable" in line for line in said):
                said.append(await process.stderr.readline())
            await sandbox.start()
            while not any(b"directory.crawled" in line for line in said):
                said.append(await process.stderr.readline())
            async with Pocket(sandbox.base) as pocket:
                while not (await pocket.get("control"))["connections"]:
                    await asyncio.sleep(0.05)
                assert (await pocket.command("ada", "#general", "/group help"))["ok"]
                await pocket.wait_message("ada", "#general", "/group create")
            process.send_signal(signal.SIGTERM)
            rest = await process.stderr.read()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await sandbox.stop()
    log = b"".join([*said, rest])
    assert b"Traceback" not in log, log.decode()
    assert sandbox.settings.bot_token.encode() not in log
    assert sandbox.settings.app_token.encode() not in log
