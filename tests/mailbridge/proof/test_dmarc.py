"""DMARC by RFC 9989: the tree walk as a table, policies, alignment, and what is not known."""

from __future__ import annotations

import pytest

from mailbridge.proof import dmarc
from mailbridge.proof.dmarc import Result

V = "v=DMARC1"
ORGANISED = {"example.com": f"{V}; p=reject"}
GRADED = {"example.com": f"{V}; p=none; sp=quarantine; np=reject"}
SILENT = {**ORGANISED, "mail.example.com": None}


class Zone(dict[str, tuple[bytes, ...] | None]):
    """Records by domain; every other name has none."""

    def __init__(self, records: dict[str, str | None]) -> None:
        super().__init__(
            {f"_dmarc.{domain}": None if text is None else (text.encode(),) for domain, text in records.items()}
        )

    def get(self, name: str, default: object = None) -> tuple[bytes, ...] | None:
        return self[name] if name in self else ()  # noqa: SIM401 - it would call itself


@pytest.mark.parametrize(
    ("domain", "asked"),
    [
        ("example.com", ["example.com", "com"]),
        ("com", ["com"]),
        ("a.mail.example.com", ["a.mail.example.com", "mail.example.com", "example.com", "com"]),
        # RFC 9989 4.10: seven labels are walked whole; beyond, one jump leaves seven.
        (
            "a.b.c.d.e.example.com",
            ["a.b.c.d.e.example.com", "b.c.d.e.example.com", "c.d.e.example.com", "d.e.example.com", "e.example.com",
             "example.com", "com"],
        ),
        (
            "a.b.c.d.e.f.g.h.i.j.mail.example.com",
            ["a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com", "h.i.j.mail.example.com",
             "i.j.mail.example.com", "j.mail.example.com", "mail.example.com", "example.com", "com"],
        ),
    ],
)  # fmt: skip
def test_the_steps_of_a_walk(domain: str, asked: list[str]) -> None:
    assert list(dmarc.steps(domain)) == asked
    assert len(asked) <= dmarc.MOST_STEPS


@pytest.mark.parametrize(
    ("records", "domain", "organisation"),
    [
        ({}, "example.com", "example.com"),
        ({}, "a.mail.example.com", "a.mail.example.com"),
        ({"example.com": V}, "example.com", "example.com"),
        ({"example.com": V}, "a.mail.example.com", "example.com"),
        # the two examples of RFC 9989 4.10.2
        ({"mail.example.com": V, "example.com": V}, "a.mail.example.com", "example.com"),
        ({"com": f"{V}; psd=y"}, "a.mail.example.com", "example.com"),
        ({"com": f"{V}; psd=y", "example.com": V}, "a.mail.example.com", "example.com"),
        ({"mail.example.com": f"{V}; psd=n", "example.com": V}, "a.mail.example.com", "mail.example.com"),
        ({"a.mail.example.com": f"{V}; psd=n", "example.com": V}, "a.mail.example.com", "a.mail.example.com"),
        ({"co.example": f"{V}; psd=y", "example": V}, "shop.co.example", "shop.co.example"),
        ({"co.example": f"{V}; psd=y", "example": V}, "www.shop.co.example", "shop.co.example"),
        # a public suffix that writes mail: psd=y where the walk starts does not count
        ({"co.example": f"{V}; psd=y"}, "co.example", "co.example"),
        ({"co.example": f"{V}; psd=y", "example": f"{V}; psd=y"}, "co.example", "co.example"),
        ({"co.example": f"{V}; psd=u", "example": V}, "shop.co.example", "example"),
        # what is no record
        ({"example.com": "v=DMARC2; p=none"}, "mail.example.com", "mail.example.com"),
        ({"example.com": "v=dmarc1; p=none"}, "mail.example.com", "mail.example.com"),
        ({"example.com": "p=none; v=DMARC1"}, "mail.example.com", "mail.example.com"),
        ({"example.com": "  v = DMARC1 ;p=none"}, "mail.example.com", "example.com"),
        # a long name: the walk jumps over what lies between
        ({"d.e.f.g.h.example.com": V, "example.com": V}, "a.b.c.d.e.f.g.h.example.com", "example.com"),
        ({"b.c.d.e.f.g.h.example.com": V}, "a.b.c.d.e.f.g.h.example.com", "a.b.c.d.e.f.g.h.example.com"),
    ],
)  # fmt: skip
def test_the_organisation(records: dict[str, str | None], domain: str, organisation: str) -> None:
    assert dmarc.organisation(domain, Zone(records)) == organisation


def test_two_records_are_none() -> None:
    assert dmarc.read((b"v=DMARC1; p=none", b"v=DMARC1; p=reject")) is None
    assert dmarc.read((b"v=spf1 -all", b"v=DMARC1; p=reject")) == dmarc.Record(
        "reject", "", "", False, False, "u", False
    )


@pytest.mark.parametrize(
    ("records", "domain", "exists", "at", "asks"),
    [
        ({"example.com": f"{V}; p=reject"}, "example.com", True, "example.com", "reject"),
        ({"example.com": f"{V}; p=reject"}, "sub.example.com", True, "example.com", "reject"),
        ({"example.com": f"{V}; p=reject; sp=none"}, "sub.example.com", True, "example.com", "none"),
        ({"example.com": f"{V}; p=reject; sp=none"}, "example.com", True, "example.com", "reject"),
        (GRADED, "no.example.com", False, "example.com", "reject"),
        (GRADED, "sub.example.com", True, "example.com", "quarantine"),
        ({"example.com": f"{V}; p=none; sp=quarantine"}, "no.example.com", False, "example.com", "quarantine"),
        # the author's own record wins, whatever stands above; one in between does not count
        ({"b.example.com": f"{V}; p=none", **ORGANISED}, "b.example.com", True, "b.example.com", "none"),
        ({"b.example.com": f"{V}; p=none", **ORGANISED}, "a.b.example.com", True, "example.com", "reject"),
        # nobody at the organisation: the public suffix speaks
        ({"example": f"{V}; p=none; sp=quarantine; np=reject; psd=y"}, "shop.example", True, "example", "quarantine"),
        ({"example": f"{V}; p=none; sp=quarantine; np=reject; psd=y"}, "shop.example", False, "example", "reject"),
        # tests and slips of the pen; pct is gone
        ({"example.com": f"{V}; p=reject; t=y"}, "example.com", True, "example.com", "none"),
        ({"example.com": f"{V}; p=reject; pct=0"}, "example.com", True, "example.com", "reject"),
        ({"example.com": V}, "example.com", True, "example.com", "none"),
        ({"example.com": f"{V}; p=rejectt; rua=mailto:a@example.com"}, "example.com", True, "example.com", "none"),
        ({"example.com": f"{V}; P=Reject; x-unknown=1; ; junk"}, "example.com", True, "example.com", "reject"),
    ],
)  # fmt: skip
def test_the_policy(records: dict[str, str | None], domain: str, exists: bool, at: str, asks: str) -> None:
    found = dmarc.discover(domain, Zone(records))
    assert found is not None
    assert (found.domain, found.request(exists=exists)) == (at, asks)


STRICT = {"example.com": f"{V}; p=reject; adkim=s; aspf=s", "com": None}


@pytest.mark.parametrize(
    ("records", "author", "signed", "sender", "result", "aligned"),
    [
        (ORGANISED, "example.com", ["example.com"], "", Result.PASS, "dkim"),
        (ORGANISED, "example.com", [], "example.com", Result.PASS, "spf"),
        (ORGANISED, "example.com", ["example.com"], "example.com", Result.PASS, "dkim"),
        (ORGANISED, "example.com", ["mail.example.com"], "example.com", Result.PASS, "dkim"),
        (ORGANISED, "a.example.com", ["b.example.com"], "", Result.PASS, "dkim"),
        (ORGANISED, "example.com", ["example.com.evil.example", "evil.example"], "", Result.FAIL, ""),
        (ORGANISED, "example.com", ["badexample.com"], "bad-example.com", Result.FAIL, ""),
        (ORGANISED, "example.com", ["com"], "com", Result.FAIL, ""),
        (ORGANISED, "example.com", [], "", Result.FAIL, ""),
        # two shops below one public suffix
        ({"co.example": f"{V}; psd=y", "a.co.example": V}, "a.co.example", ["b.co.example"], "", Result.FAIL, ""),
        ({"co.example": f"{V}; psd=y", "a.co.example": V}, "a.co.example", ["x.a.co.example"], "", Result.PASS, "dkim"),
        # strict: only the very same
        ({**STRICT, "com": V}, "example.com", ["mail.example.com"], "mail.example.com", Result.FAIL, ""),
        ({**STRICT, "com": V}, "example.com", ["example.com"], "", Result.PASS, "dkim"),
        ({"example.com": f"{V}; adkim=s"}, "example.com", ["m.example.com"], "m.example.com", Result.PASS, "spf"),
        # no policy: only the very same is the author's
        ({}, "example.com", ["example.com"], "", Result.NONE, "dkim"),
        ({}, "example.com", ["mail.example.com"], "mail.example.com", Result.NONE, ""),
        # silence is no failure, and takes no proof away
        ({"example.com": None}, "example.com", ["mail.example.com"], "", Result.TEMPERROR, ""),
        ({"example.com": None}, "example.com", ["example.com"], "", Result.TEMPERROR, "dkim"),
        (SILENT, "example.com", ["mail.example.com"], "", Result.TEMPERROR, ""),
        (SILENT, "example.com", ["mail.example.com"], "example.com", Result.PASS, "spf"),
    ],
)  # fmt: skip
def test_alignment(
    records: dict[str, str | None], author: str, signed: list[str], sender: str, result: Result, aligned: str
) -> None:
    verdict = dmarc.evaluate(author, signed, sender, Zone(records))
    assert (verdict.result, verdict.aligned) == (result, aligned)


def test_a_flood_of_domains_costs_a_bounded_number_of_questions() -> None:
    many = [f"{'x.' * 20}{number}.com" for number in range(1_000)]
    asked = dmarc.questions("a.b.c.d.e.f.g.h.example.com", [*many, "h.example.com"])
    assert len(asked) <= dmarc.MOST_STEPS * (1 + dmarc.MOST_CONTENDERS)
    assert "_dmarc.h.example.com" in asked


@pytest.mark.parametrize(
    ("records", "domain", "exists", "asks"),
    [
        ({}, "example.com", True, False),
        (ORGANISED, "example.com", True, True),
        (ORGANISED, "mail.example.com", True, True),
        ({"example.com": f"{V}; p=quarantine"}, "example.com", True, True),
        ({"example.com": f"{V}; p=none"}, "example.com", True, False),
        ({"example.com": V}, "example.com", True, False),
        (GRADED, "example.com", True, False),
        (GRADED, "mail.example.com", True, True),  # sp
        ({"example.com": f"{V}; p=reject; sp=none"}, "mail.example.com", True, False),
        ({"example.com": f"{V}; p=none; np=reject"}, "mail.example.com", False, True),
        ({"example.com": f"{V}; p=none; np=reject"}, "mail.example.com", True, False),
        ({"example.com": f"{V}; p=reject; np=none"}, "mail.example.com", False, False),
        # Receivers of the elder standard do not know that it is a test.
        ({"example.com": f"{V}; p=reject; t=y"}, "example.com", True, True),
        # Nobody answered.
        ({"example.com": None}, "example.com", True, True),
        ({"example.com": f"{V}; p=none", "com": None}, "example.com", True, True),
        ({"mail.example.com": f"{V}; p=none; psd=n", "com": None}, "mail.example.com", True, False),
    ],
)
def test_whether_a_domain_asks_for_alignment(
    records: dict[str, str | None], domain: str, exists: bool, asks: bool
) -> None:
    assert dmarc.asks(domain, Zone(records), exists=exists) is asks


@pytest.mark.parametrize(
    ("records", "signed", "own"),
    [
        ({}, ["example.com"], {"example.com"}),
        ({}, ["mail.example.com"], set()),
        (ORGANISED, ["mail.example.com", "example.com", "evil.example"], {"mail.example.com", "example.com"}),
        ({"example.com": f"{V}; p=reject; adkim=s"}, ["mail.example.com", "example.com"], {"example.com"}),
        ({"example.com": None}, ["mail.example.com", "example.com"], {"example.com"}),
        (SILENT, ["mail.example.com", "example.com"], {"example.com"}),
    ],
)
def test_whose_signatures_are_the_author_s_own(
    records: dict[str, str | None], signed: list[str], own: set[str]
) -> None:
    assert dmarc.own("example.com", signed, Zone(records)) == own
