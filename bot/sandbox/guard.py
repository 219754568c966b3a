"""Who may talk to the sandbox's HTTP side: programs on this machine and its own page, no page of anywhere else.

The attack: a web page open in a browser on this machine posts to 127.0.0.1, or reaches it by a name it rebinds to
127.0.0.1, and drives the workspace or the mail room. The Host header tells the second, Origin and
Sec-Fetch-Site the first; a JSON body cannot be posted across origins without a preflight, which is refused here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from bot.sandbox.settings import is_loopback

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def _refusal(request: web.Request) -> str | None:
    host = urlsplit(f"//{request.host}").hostname or ""
    if not is_loopback(host):
        return "this host name is not loopback"
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        return "another page's request"
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return "another page's request"
    if request.method == "POST" and request.path.startswith("/pocket/") and request.content_type != "application/json":
        return "Content-Type must be application/json"
    return None


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """403 for what comes from elsewhere."""
    reason = _refusal(request)
    if reason is not None:
        return web.json_response({"error": reason}, status=403)
    response = await handler(request)
    if not response.prepared:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    return response
