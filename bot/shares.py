"""Files to and from Slack: shared in three steps, fetched by their private URL, never to or from another host.

The attack: whoever can name a file's URL has the bot's token sent to a host of theirs, or an answer of a gigabyte kept
in memory. So the token goes to Slack's own hosts alone, no redirect is followed (Slack answers who may not read with
its sign-in page), and what is read is bounded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.faults import Denied, Gone, Unreachable
from store.terms import MEGABYTE

Call = Callable[..., Awaitable[tuple[Mapping[str, Any], Mapping[str, str]]]]
TIMEOUT = aiohttp.ClientTimeout(total=120, connect=5)
MOST = 32 * MEGABYTE
CHUNK = 65_536


class Shares:
    """`call` is a method of the Web API, `api_url` where that is, `token` the bot's."""

    def __init__(self, call: Call, session: aiohttp.ClientSession, *, api_url: str, token: str) -> None:
        self._call = call
        self._session = session
        self._api = urlsplit(api_url)
        self._token = token

    async def upload(self, channel_id: str, name: str, content: bytes, *, comment: str, thread: str | None) -> str:
        """Share `content` (not empty) in a conversation; gives the file's id. `comment` is mrkdwn, escaped already.

        Raises a SlackFault: Unreachable(uncertain) where the message may stand there already.
        """
        asked, _ = await self._call("files.getUploadURLExternal", filename=name, length=len(content))
        file_id, url = str(asked["file_id"]), self._own(str(asked["upload_url"]))
        try:
            # As the body itself: a form would be stored with its boundaries by what stands between us and Slack.
            headers = {"Content-Type": "application/octet-stream"}
            async with self._session.post(
                url, data=content, headers=headers, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise Unreachable(f"the upload was answered {answer.status}", uncertain=False)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Nothing stands anywhere before the last step.
            raise Unreachable(f"{type(error).__name__} at the upload", uncertain=False) from error
        more = {"thread_ts": thread} if thread else {}
        await self._call(
            "files.completeUploadExternal",
            files=[{"id": file_id, "title": name}],
            channel_id=channel_id,
            initial_comment=comment,
            **more,
        )
        return file_id

    async def download(self, file_id: str, *, most: int = MOST, of: str | None = None) -> tuple[str, bytes]:
        """Name and octets of a file we may read, and that the person `of` uploaded: an id that comes back from a form
        could name any file we have a right to, our own exports among them.

        Raises a SlackFault, Denied(file_too_large) beyond `most` octets.
        """
        answer, _ = await self._call("files.info", file=file_id)
        about = answer["file"]
        if of is not None and about.get("user") != of:
            raise Gone("file_not_found")
        if int(about.get("size") or 0) > most:
            raise Denied("file_too_large", str(about["size"]))
        url = self._own(str(about.get("url_private_download") or about.get("url_private") or ""))
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with self._session.get(url, headers=headers, timeout=TIMEOUT, allow_redirects=False) as answered:
                if answered.status >= 500 or answered.status == 429:
                    raise Unreachable(f"the download was answered {answered.status}", uncertain=False)
                if answered.status in {404, 410}:
                    raise Gone("file_not_found")
                if answered.status != 200:
                    raise Denied("file_not_readable", str(answered.status))
                return str(about.get("name") or file_id), await _bounded(answered, most)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{type(error).__name__} at the download", uncertain=False) from error

    def _own(self, url: str) -> str:
        """The same URL, if it is Slack's: on the API's host, or a name below it by https. Else Denied."""
        parts = urlsplit(url)
        host, api = parts.hostname or "", self._api.hostname or ""
        same = (parts.scheme, parts.netloc) == (self._api.scheme, self._api.netloc)
        below = parts.scheme == "https" and host.endswith(f".{api.removeprefix('www.')}") and parts.port is None
        if not same and not below:
            raise Denied("foreign_file", host[:100])
        return url


async def _bounded(answer: aiohttp.ClientResponse, most: int) -> bytes:
    found = bytearray()
    async for piece in answer.content.iter_chunked(CHUNK):
        found += piece
        if len(found) > most:  # what it says of its size is only said
            raise Denied("file_too_large", str(len(found)))
    return bytes(found)
