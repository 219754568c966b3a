"""Mails of at most a megabyte or so that parsers choke on (V15, V16, V17)."""

from __future__ import annotations

import base64

FROM = b"From: a@example.com\r\n"
TYPE = b'Content-Type: multipart/%s; boundary="b"\r\n\r\n'
SIGNED = (
    b"DKIM-Signature: v=1; a=rsa-sha256; c=%b/relaxed; d=example.com; s=s; h=from:subject;\r\n"
    b"\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n"
)
NESTED = b"Content-Type: message/rfc822\r\n\r\n"
REPORT = b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
BOMBS = {
    "1,000 nested comments in To": FROM + b"To: " + b"(" * 1_000 + b")" * 1_000 + b"\r\n\r\n",
    "100,000 comments in From": b"From: " + b"()" * 50_000 + b"a@example.com\r\n\r\n",
    "an address of 200 KB": b"From: " + b"a" * 200_000 + b"@example.com\r\n\r\n",
    "100,000 addresses in To": FROM + b"To: " + b"a@b,\r\n " * 35_000 + b"a@b\r\n\r\n",
    "1,000 nested messages": FROM + NESTED * 1_000 + b"x\r\n",
    "1,000 nested multiparts": FROM
    + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(1_000)),
    "100,000 empty parts": FROM + TYPE % b"mixed" + b"--b\r\n\r\n" * 100_000 + b"--b--\r\n",
    "a boundary that never comes": FROM + TYPE % b"mixed" + b"--c\r\n" * 200_000,
    "4,000 parameters": FROM
    + b"Content-Type: text/plain" + b"".join(b";\r\n p%d=x" % n for n in range(4_000)) + b"\r\n\r\n",
    "40,000 encoded words": FROM + b"Subject:" + b"\r\n =?x?b?" * 15_000 + b"\r\n\r\n",
    "an encoded word of 200 KB": FROM + b"Subject: =?utf-8?q?" + b"=41" * 60_000 + b"?=\r\n\r\n",
    "a megabyte of blanks, signed": FROM + SIGNED % b"relaxed" + b"\r\n" + b" " * 1_000_000 + b"\r\n",
    "a megabyte of tabs, signed": FROM + SIGNED % b"relaxed" + b"\r\n" + b"\t" * 1_000_000 + b"x\r\n",
    "blanks in a signed field": FROM + SIGNED % b"relaxed" + b"Subject: " + b" " * 200_000 + b"x\r\n\r\n",
    "500 signatures": FROM + SIGNED % b"simple" * 500 + b"\r\n" + b"x" * 70 + b"\r\n",
    "a signature of 100,000 tags": FROM + b"DKIM-Signature: v=1" + b"; a=b" * 40_000 + b"\r\n\r\n",
    "50 seals": FROM
    + b"".join(b"ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=x.test; s=s; b=AA\r\n" % n for n in range(50)) + b"\r\n",
    "verdicts in comments": FROM + b"Authentication-Results: x; " + b"(" * 100_000 + b"\r\n\r\n",
    "a megabyte of zeros, packed": FROM
    + b"Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b"\r\n".join(base64.b64encode(b"\0" * 48) for _ in range(16_000)) + b"\r\n",
    "HTML of 100,000 tags": FROM + b"Content-Type: text/html\r\n\r\n" + b"<b><!--\r\n" * 100_000,
    "a report on 20,000": FROM + REPORT + b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    + b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n" * 20_000 + b"--b--\r\n",
    "prose of a megabyte": FROM + b"Subject: failure notice\r\n\r\n"
    + b"<a@b.example>:\r\nuser unknown (#5.1.1)\r\n" * 20_000,
}  # fmt: skip
