"""The kernel's own tunnels as far ends, where it has them.

    host ── core ── chtst01 ── inet ── home      sit0: `sit`, gre6: `gre` or `ip6gre`
                     sixxsd
"""

from __future__ import annotations

import pytest

from lab.daemon import TunnelLine
from lab.ends import IPV6_NETWORK, NO_UNREACHABLES, Ends
from lab.namespace import IP, Namespace, run
from lab.site import Site
from lab.topology import SERVER
from lab.traffic import ping

# What `ip link add` calls them, and the outer IP version.
TYPES = {"sit": 4, "gre": 4, "ip6gre": 6, "ip6tnl": 6}


def make(home: Namespace, kind: str, local: str, remote: str) -> None:
    """Makes the kernel's end, or skips."""
    options = ["mode", "any"] if kind == "ip6tnl" else []
    made = run(IP, "-n", home.name, "link", "add", "name", "peer0", "type", kind, "local", local, "remote", remote, "ttl",
               64, *options, check=False)
    if made.returncode != 0:
        pytest.skip(f"this kernel has no {kind}: {made.stderr.strip()}")


@pytest.mark.parametrize("kind", TYPES)
def test_a_kernels_end_carries_packets(site: Site, kind: str) -> None:
    version = TYPES[kind]
    ends = Ends(site, quiet=False)
    home = ends.home(version)
    local = "203.0.113.1" if version == 4 else f"{IPV6_NETWORK}::1"
    make(home, kind, local, ends.pop(version))
    home.nft(NO_UNREACHABLES)
    tunnel = TunnelLine(1, 4141, local, 1280)
    daemon = site.daemon(tunnel)
    us, them = site.plan.us(1), site.plan.them(1)
    # The core's own addresses stay reachable outside the tunnel.
    home.ip("link set peer0 mtu 1280 up", f"addr add {them}/64 dev peer0 nodad", f"route add {SERVER}/128 via {us} dev peer0")
    for size in (48, 104, 1280):
        assert ping(home, us, size=size).all_arrived
        assert ping(home, SERVER, size=size).all_arrived
        assert ping(site.core, them, size=size).all_arrived
    assert daemon.errors(4141) == {}
