"""Files: given to an app in a modal or shared by it, and their two doors (the upload URL and `url_private`)."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aiohttp import web

from bot.sandbox.faults import Faults
from bot.sandbox.limits import FILE_BYTES
from bot.sandbox.people import TEAM

Json = dict[str, Any]


@dataclass(slots=True)
class File:
    """One file. `length` is what was announced, `content` what came; `shared` once it stands in a conversation."""

    id: str
    owner: str
    name: str
    length: int
    content: bytes | None = None
    title: str = ""
    shared: bool = False
    seen_by_bot: bool = False
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def extension(self) -> str:
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""

    def as_slack(self, base: str) -> Json:
        """The file object of `state.files`, messages and files.info. `base` is the URL the sandbox is reached at."""
        url = f"{base}/files-pri/{TEAM}-{self.id}/{self.secret}"
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": mimetypes.guess_type(self.name)[0] or "application/octet-stream",
            "filetype": self.extension or "binary",
            "size": len(self.content or b""),
            "user": self.owner,
            "mode": "hosted",
            "is_external": False,
            "url_private": url,
            "url_private_download": f"{url}/download",
        }

    def as_page(self) -> Json:
        """What a message shows of it."""
        return {"id": self.id, "name": self.name, "title": self.title or self.name, "size": len(self.content or b"")}


class Files:
    """All files of the workspace."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._awaited: dict[str, File] = {}

    def add(self, file: File) -> File:
        """Keep a file a person chose."""
        self._files[file.id] = file
        return file

    def expect(self, file: File) -> str:
        """Keep a file that is to come; gives the secret of its upload URL, good for one POST."""
        self._files[file.id] = file
        secret = secrets.token_urlsafe(16)
        self._awaited[secret] = file
        return secret

    def arrive(self, secret: str) -> File | None:
        """The file an upload URL awaits, once."""
        return self._awaited.pop(secret, None)

    def get(self, file_id: str) -> File | None:
        return self._files.get(file_id)

    def remove(self, file: File) -> None:
        """Take a file away."""
        del self._files[file.id]

    def of(self, person_id: str) -> list[File]:
        """What a person could hand over."""
        return [file for file in self._files.values() if file.owner == person_id and file.content is not None]


class FileDoors:
    """`/upload/v1/<secret>` takes what was announced; `/files-pri/<file>/<name>` gives it to who may read it."""

    def __init__(self, files: Files, faults: Faults, may_read: Callable[[str], bool]) -> None:
        self._files = files
        self._faults = faults
        self._may_read = may_read

    def routes(self) -> list[web.RouteDef]:
        """What to put in the application's table."""
        return [
            web.post("/upload/v1/{secret}", self._take),
            web.get("/files-pri/{file}/{secret}", self._give),
            web.get("/files-pri/{file}/{secret}/download", self._give),
            web.get("/pocket/file/{file}", self._show),
        ]

    async def _take(self, request: web.Request) -> web.Response:
        if self._faults.match(["upload"], "api") is not None:
            return web.Response(status=503, text="unavailable")
        file = self._files.arrive(request.match_info["secret"])
        if file is None:
            return web.Response(status=404, text="no such upload")
        content = await request.read()
        if request.content_type == "multipart/form-data" or len(content) != file.length or len(content) > FILE_BYTES:
            return web.Response(status=400, text="the octets are not those that were announced")
        file.content = content
        return web.Response(text=f"OK - {len(content)}")

    async def _give(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info["file"].rpartition("-")[2])
        if file is None or file.content is None or file.secret != request.match_info["secret"]:
            return web.Response(status=404, text="file not found")
        if self._faults.match(["download"], "api") is not None:
            return web.Response(status=503, text="unavailable")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if not file.seen_by_bot or not self._may_read(token):
            # Slack answers with its sign-in page and not with a refusal: who follows it stores that page as the file.
            raise web.HTTPFound(f"/?redir={request.path}")
        return web.Response(body=file.content, content_type="application/octet-stream")

    async def _show(self, request: web.Request) -> web.Response:
        """For the page and the driver: what a person sees who clicks a file."""
        file = self._files.get(request.match_info["file"])
        if file is None or file.content is None:
            return web.json_response({"error": "there is no such file"}, status=400)
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"}
        return web.Response(body=file.content, content_type="application/octet-stream", headers=headers)
