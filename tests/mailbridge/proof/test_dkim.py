"""DKIM: the vectors of the RFCs, an independent signer, and everything that makes a signature prove nothing."""

from __future__ import annotations

import base64
import re

import dkim as dkimpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge import headers
from mailbridge.proof import dkim, keys
from mailbridge.proof.body import Body
from tests.mailbridge.proof.signing import RSA_512, RSA_1024, Signer, public_key

NOW = 1_800_000_000.0
MESSAGE = (
    b"From: Ada <ada@example.com>\r\nTo: dev@example.org\r\nSubject: Lunch\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n"
    b"Message-ID: <1@example.com>\r\n\r\nShall  we? \r\n\r\nNow\t \r\n\r\n\r\n"
)
JOE = (
    b"From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n"
    b"Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\nHi.\r\n\r\n"
)
# RFC 6376 A.2; its key is in C.
RFC_6376 = (
    b"DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n      c=simple/simple; q=dns/txt; "
    b"i=joe@football.example.com;\r\n      h=Received : From : To : Subject : Date : Message-ID;\r\n"
    b"      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b"      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n"
    b"      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r\n"
    b"      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r\n      4bmp/YzhwvcubU4=;\r\n"
    b"Received: from client1.football.example.com  [192.0.2.1]\r\n      by submitserver.example.com with "
    b"SUBMISSION;\r\n      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n"
    + JOE
    + b"We lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n"
)
# RFC 8463 A.3, with both signatures.
RFC_8463 = (
    b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; "
    b"i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    b" subject : date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    b" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    b" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    + JOE
    + b"We lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
)
RFC_KEYS = {
    "brisbane._domainkey.example.com": b"v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkM"
    b"oGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi"
    b"tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB",
    "brisbane._domainkey.football.example.com": b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test._domainkey.football.example.com": b"v=DKIM1; k=rsa; p="
    b"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5"
    b"QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
}
ED = Signer()
RSA = Signer(selector="rsa", pem=RSA_1024)


def checked(raw: bytes, records: dict[str, bytes], *, author: str = "example.com", now: float = NOW) -> list[str]:
    """The reasons of all signatures, "" for a pass."""
    head, _ = headers.split(raw)
    fields = headers.fields(head)
    found, void = dkim.signatures(fields, author)
    body = Body(raw, len(head) + 2)
    texts = {name: (record,) for name, record in records.items()}
    return [dkim.check(fields, body, one, texts.get(one.key_name, ()), now).reason for one in found] + [
        one.reason for one in void
    ]


def published(*signers: Signer) -> dict[str, bytes]:
    return {one.key_name: one.record for one in signers}


@pytest.mark.parametrize(("raw", "count"), [(RFC_6376, 1), (RFC_8463, 2)], ids=["RFC 6376 A", "RFC 8463 A"])
def test_the_vectors(raw: bytes, count: int) -> None:
    assert checked(raw, RFC_KEYS) == [""] * count
    assert checked(raw.replace(b"hungry", b"Hungry"), RFC_KEYS) == ["body"] * count
    assert checked(raw.replace(b"dinner", b"Dinner"), RFC_KEYS) == ["header"] * count
    assert checked(raw, {}) == ["missing"] * count


@pytest.mark.parametrize("signer", [ED, RSA], ids=["ed25519", "rsa"])
@pytest.mark.parametrize("canonical", ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"])
def test_an_independent_signer_is_understood(signer: Signer, canonical: str) -> None:
    raw = signer.sign(MESSAGE, canonical=canonical)
    assert checked(raw, published(signer)) == [""]
    assert checked(raw.replace(b"Now", b"Never"), published(signer)) == ["body"]
    assert checked(raw.replace(b"Lunch", b"Dinner"), published(signer)) == ["header"]
    assert checked(raw.replace(b"ada@", b"eve@"), published(signer)) == ["header"]
    other = Signer(signer.domain, signer.selector, seed=b"\10" * 32)
    assert checked(raw, published(other)) == ["malformed" if signer is RSA else "header"]


def test_relays_may_fold_and_space_what_relaxed_allows() -> None:
    raw = ED.sign(MESSAGE).replace(b"Subject: Lunch", b"SUBJECT:\r\n\t Lunch  ").replace(b"we? ", b"we?  ")
    assert checked(raw.replace(b"Shall  we", b"Shall we"), published(ED)) == [""]


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"x", b" \r\n", b"y" * 40_000, b" " * 70_000]), max_size=40))
def test_bodies_are_canonical_as_dkimpy_has_them(pieces: list[bytes]) -> None:
    # It is slow on what is made for that, so long runs of blanks come to it already shortened.
    octets = b"".join(pieces) + b"\r\n"
    short = re.sub(rb"[ \t]{2,}", b"  ", octets)
    for relaxed, name in ((True, b"relaxed"), (False, b"simple")):
        policy = dkimpy.CanonicalizationPolicy.from_c_value(b"simple/" + name)
        mine = Body(b"\r\n" + (octets if relaxed else short), 2).hashed(relaxed=relaxed)
        theirs = policy.canonicalize_body(short)
        assert (mine.size, mine.digest) == (len(theirs), dkimpy.HASH_ALGORITHMS[b"rsa-sha256"](theirs).digest())


@pytest.mark.parametrize("filling", [b" ", b"\t", b" \t", b"\r\n", b" \r\n", b"x \t"])
@pytest.mark.timeout(60)  # dkimpy's own way takes twenty minutes for the first
def test_no_body_takes_long(filling: bytes) -> None:
    """V16."""
    body = (b"Hello\r\n" + filling * (1_048_576 // len(filling)) + b"\r\nBye\r\n") * 4
    assert checked(ED.sign(MESSAGE) + body, published(ED)) == ["body"]


@pytest.mark.parametrize("blanks", [b"\r\n ", b" ", b"\t", b"\r\n\t ", b"; ", b"b=", b";b=a "])
@pytest.mark.timeout(60)
def test_no_signature_field_takes_long(blanks: bytes) -> None:
    """V16 in the header: the search for `b=` goes back over every run of blanks."""
    for filling in (blanks * (250_000 // len(blanks)), blanks * (7_000 // len(blanks)), blanks * 10):
        raw = ED.sign(MESSAGE).replace(b"b=", b"b=" + filling + b"!", 1) * 1
        assert checked(raw, published(ED)) != [""]
        raw = ED.sign(MESSAGE).replace(b" h=", b" z=" + filling + b"; h=", 1)
        assert checked(raw, published(ED)) != [""]


def test_what_is_appended_behind_the_signed_length_is_not_signed() -> None:
    """V18."""
    raw = ED.sign(MESSAGE, length=True, canonical="relaxed/simple")
    assert checked(raw, published(ED)) == [""]
    assert checked(raw + b"Buy now\r\n", published(ED)) == ["partial"]
    # To claim more than there is does not help either.
    assert checked(raw.replace(b"Now", b"No"), published(ED)) == ["body"]
    assert dkimpy.verify(raw + b"Buy now\r\n", dnsfunc=lambda *_, **__: ED.record)  # which is why


@pytest.mark.parametrize("name", [b"From", b"Subject", b"To", b"Cc", b"Date", b"Reply-To", b"Content-Type", b"Sender"])
def test_a_field_that_stands_twice_defeats_the_signature(name: bytes) -> None:
    """V19."""
    signed = ED.sign(
        b"Cc: c@example.com\r\nReply-To: r@example.com\r\nSender: s@example.com\r\nContent-Type: text/plain\r\n"
        + MESSAGE
    )
    assert checked(signed, published(ED)) == [""]
    assert checked(name + b": eve@evil.example\r\n" + signed, published(ED)) == ["repeated"]


def test_a_field_whose_name_does_not_touch_its_colon_is_signed_by_nobody() -> None:
    assert checked(ED.sign(MESSAGE).replace(b"Subject:", b"Subject :"), published(ED)) == ["malformed"]


def test_what_must_be_signed() -> None:
    assert checked(ED.sign(MESSAGE, names=("from", "to")), published(ED)) == ["partial"]
    bare = MESSAGE.replace(b"Subject: Lunch\r\n", b"")
    assert checked(ED.sign(bare, names=("from", "to")), published(ED)) == [""]
    assert checked(b"Subject: Eve's\r\n" + ED.sign(bare, names=("from", "to")), published(ED)) == ["partial"]
    assert checked(ED.sign(MESSAGE).replace(b"h=from : ", b"h="), published(ED)) == ["malformed"]


def test_time_runs_out() -> None:
    raw = ED.sign(MESSAGE).replace(b"v=1;", b"v=1; x=1799999999;", 1)
    assert checked(raw, published(ED)) == ["expired"]
    assert checked(raw, published(ED), now=1_799_999_998.0) == ["header"]  # the tag was put in afterwards
    assert checked(raw.replace(b"x=1799999999", b"x=12"), published(ED)) == ["malformed"]  # before t=


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"v=DKIM1; k=ed25519; p=", "revoked"),
        (b"v=DKIM1; k=ed25519; p=%s" % base64.b64encode(b"short"), "malformed"),
        (b"v=DKIM1; k=ed448; p=AAAA", "malformed"),
        (b"v=DKIM2; " + ED.record.partition(b"; ")[2], "malformed"),
        (ED.record + b"; h=sha1", "malformed"),
        (ED.record + b"; s=tlsrpt", "malformed"),
        (ED.record + b"; p=AAAA", "malformed"),
        (ED.record + b"; t=s:y; h=sha1:sha256; s=email", ""),
        (b"v=spf1 -all", "missing"),
        (RSA.record, "malformed"),  # another algorithm than the signature's
        (b"v=DKIM1; p=!!!", "malformed"),
        (b"v=DKIM1; p=AAAA" + b"A" * 5_000, "malformed"),
        (b"\xff; p=AAAA", "malformed"),
    ],
)
def test_keys(record: bytes, reason: str) -> None:
    assert checked(ED.sign(MESSAGE), {ED.key_name: record}) == [reason]


def test_keys_that_are_too_short_or_too_dear() -> None:
    weak = Signer(pem=RSA_512)
    assert checked(weak.sign(MESSAGE), published(weak)) == ["weak"]
    for numbers in ((1 << 9_000 | 1, 65_537), (1 << 2_047 | 1, 1 << 2_000 | 1), (1 << 2_047 | 1, 1)):
        data = public_key(*numbers)
        with pytest.raises(keys.BadKey, match="malformed"):
            keys.read((b"v=DKIM1; p=" + base64.b64encode(data),))


def test_two_keys_are_none_and_no_answer_is_not_an_absence() -> None:
    with pytest.raises(keys.BadKey, match="malformed"):
        keys.read((ED.record, RSA.record))
    assert keys.read((b"v=spf1 -all", ED.record)).kind == "ed25519"
    with pytest.raises(keys.BadKey, match="unanswered"):
        keys.read(None)


def test_a_key_for_its_exact_domain_signs_for_no_subdomain() -> None:
    raw = ED.sign(MESSAGE, identity="a@mail.example.com")
    assert checked(raw, published(ED)) == [""]
    assert checked(raw, {ED.key_name: ED.record + b"; t=s"}) == ["malformed"]
    assert checked(raw.replace(b"i=a@mail.example.com", b"i=a@evil.example"), published(ED)) == ["malformed"]
    assert checked(raw.replace(b"i=a@mail.example.com", b"i=a@badexample.com"), published(ED)) == ["malformed"]


def test_sha1_proves_nothing() -> None:
    assert checked(RSA.sign(MESSAGE).replace(b"rsa-sha256", b"rsa-sha1"), published(RSA)) == ["weak"]


def test_every_signature_is_tried_and_strangers_cannot_crowd_out_the_authors() -> None:
    strangers = [Signer(domain=f"s{number}.example", seed=bytes([number]) * 32) for number in range(30)]
    raw = ED.sign(MESSAGE)
    for one in strangers:
        raw = one.sign(raw)
    found = checked(raw, published(ED, *strangers))
    assert found[0] == ""
    assert len(found) == dkim.MOST_TRIED
    broken = Signer(selector="other", seed=b"\11" * 32)
    assert sorted(checked(broken.sign(ED.sign(MESSAGE)), published(ED))) == ["", "missing"]


@pytest.mark.parametrize(
    "tags",
    [
        b"",
        b";;;",
        b"v=1",
        b"v=2; a=rsa-sha256; b=AAAA; bh=AAAA; d=example.com; h=from; s=sel",
        b"v=1; a=rsa-md5; b=AAAA; bh=AAAA; d=example.com; h=from; s=sel",
        b"v=1; a=rsa-sha256; b=A*AA; bh=AAAA; d=example.com; h=from; s=sel",
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=example.com(.evil.example; h=from; s=sel",
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=example.com\0.evil.example; h=from; s=sel",
        b'v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=example.com"; h=from; s=sel',
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=example.com; d=evil.example; h=from; s=sel",
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=example.com; h=from; s=x.evil.example.\\.",
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=example.com; h=" + b"x:" * 300 + b"from; s=sel",
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=example.com; h=from; s=sel; l=" + b"9" * 5_000,
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=example.com; h=from; s=sel; c=nofws",
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=example.com; h=from; s=sel; q=ldap",
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=\xff.com; h=from; s=sel",
    ],
)
def test_malformed_signatures(tags: bytes) -> None:
    assert checked(b"DKIM-Signature: " + tags + b"\r\n" + MESSAGE, published(ED, RSA)) == ["malformed"]


@given(st.binary(max_size=300), st.integers(0, 400))
def test_nothing_raises(junk: bytes, at: int) -> None:
    junk = junk.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
    signed = RSA.sign(MESSAGE)
    raw = signed[:16] + signed[16:][:at] + junk + signed[16:][at:]
    reasons = checked(raw, published(RSA))
    assert all(reason in dkim.RESULTS for reason in reasons)
