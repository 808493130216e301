"""A path narrower than the tunnel (RFC 4213 section 3.2).

    core ── chtst01 ── inet ══ home    the last link takes 1400 or 1280 octets
             sixxsd
"""

from __future__ import annotations

import pytest

from lab.daemon import TunnelLine
from lab.packets import Listener, echo, send_ipv6
from lab.site import PASSWORD, Site
from lab.topology import SERVER
from lab.traffic import ping
from scapy.layers.inet6 import ICMPv6PacketTooBig

HOME = "203.0.113.10"
STATIC = TunnelLine(1, 4141, HOME, 1480)
AYIYA = TunnelLine(2, 5072, "ayiya", 1428, PASSWORD)


@pytest.mark.parametrize(("tunnel", "overhead"), [(STATIC, 20), (AYIYA, 72)], ids=["static", "ayiya"])
def test_senders_learn_of_a_narrow_link(site: Site, tunnel: TunnelLine, overhead: int) -> None:
    site.daemon(tunnel)
    home = site.backbone.add_host("home", HOME, mtu=1400)
    client = site.client(home, tunnel).start()
    assert ping(site.core, client.identity, size=1280).all_arrived
    with Listener(site.core, "chtst01") as listener:
        for sequence in range(3):
            send_ipv6(site.core, echo(SERVER, client.identity, size=tunnel.mtu, sequence=sequence))
            error = listener.icmp_error(SERVER, 0.5)
            if error is not None:
                break
    assert error is not None, "no packet too big"
    assert error[ICMPv6PacketTooBig].mtu == 1400 - overhead
    assert ping(site.core, client.identity, size=1400 - overhead).all_arrived


@pytest.mark.parametrize("tunnel", [STATIC, AYIYA], ids=["static", "ayiya"])
def test_1280_octets_get_through_every_path(site: Site, tunnel: TunnelLine) -> None:
    site.daemon(tunnel)
    home = site.backbone.add_host("home", HOME, mtu=1280)
    client = site.client(home, tunnel).start()
    # The first packet may be the one that finds the narrow link.
    ping(site.core, client.identity, size=1280, count=1)
    assert ping(site.core, client.identity, size=1280).received >= 2
