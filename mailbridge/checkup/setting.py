"""Settings that are allowed and unwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailbridge.providers import Network, sending_as
from store.findings import Finding

_WIDEST_PRIVATE = {4: 24, 6: 64}


def judge(
    *,
    mx_allow: Sequence[Network],
    trusted: Sequence[Network],
    proxies: Sequence[Network],
    names: Mapping[str, Sequence[str]],
) -> list[Finding]:
    """`names` are those of trusted addresses in the reverse DNS."""
    found: list[Finding] = []
    if mx_allow:
        found.append(Finding("mx_allow", "POSTROOM_MX_ALLOW", {"networks": ", ".join(map(str, mx_allow))}))
    for network in trusted:
        if network.prefixlen < _WIDEST_PRIVATE[network.version] and not network.is_loopback:
            found.append(Finding("trusted_wide", str(network)))
        if any(network.version == proxy.version and network.overlaps(proxy) for proxy in proxies):
            found.append(Finding("trusted_proxy", str(network)))
    for address, called in names.items():
        for name in called:
            provider = sending_as(name)
            if provider is not None:
                found.append(Finding("trusted_shared", address, {"name": name, "provider": provider.name}))
                break
    return found or [Finding("settings_ok", "POSTROOM_*")]
