"""The reverse DNS of the address we go out with: large receivers refuse mail from one without (RFC 1912 2.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from store.findings import Check, Finding


def judge(
    address: str, names: Sequence[str] | None, forward: Mapping[str, Sequence[str] | None], host: str
) -> list[Finding]:
    """`names` are the address's, `forward` the addresses of each of them."""
    values = {"record": f"{ip_address(address).reverse_pointer}. IN PTR {host}."}
    if names is None:
        return [Finding("unanswered", address, {"asked": "PTR"}, Check.PTR)]
    if not names:
        return [Finding("ptr_missing", address, values)]
    wanted = ip_address(address)
    confirmed = [name for name in names if any(ip_address(text) == wanted for text in forward.get(name) or ())]
    if confirmed:
        return [Finding("ptr_ok", address, {"name": confirmed[0]})]
    if any(forward.get(name) is None for name in names):
        return [Finding("unanswered", names[0], {"asked": "A"}, Check.PTR)]
    return [Finding("ptr_unconfirmed", address, {"name": names[0], **values})]
