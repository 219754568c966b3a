"""What ends data for some server and is only text for a strict one: the fourteen ways to smuggle a mail (V1).

Twelve are a matter of octets (The-Login's and hannob's tools have them), two of when these come.
"""

from __future__ import annotations

SEQUENCES = {
    "LF . LF": b"\n.\n",
    "LF . CR": b"\n.\r",
    "CR . LF": b"\r.\n",
    "CR . CR": b"\r.\r",
    "LF . CRLF": b"\n.\r\n",
    "CR . CRLF": b"\r.\r\n",
    "CRLF . LF": b"\r\n.\n",
    "CRLF . CR": b"\r\n.\r",
    "CRLF . CR CRLF": b"\r\n.\r\r\n",
    "CR CRLF . CR CRLF": b"\r\r\n.\r\r\n",
    "CRLF NUL . CRLF": b"\r\n\0.\r\n",
    "CRLF . NUL CRLF": b"\r\n.\0\r\n",
}
# Octet by octet, each in a segment of its own.
LATE = {
    "LF . CRLF in segments": b"\n.\r\n",
    "CRLF . CR and much later LF": b"\r\n.\r\n",
}
