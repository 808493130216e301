"""The kernel hands over and takes many packets as one, or it does not: what arrives is the same.

    host ── core ── chtst01 ── inet ── home      TCP through a tunnel, both ways
                     sixxsd
"""

from __future__ import annotations

import pytest

from lab.daemon import Daemon, TunnelLine, configuration
from lab.site import PASSWORD, Site
from lab.topology import SERVER
from lab.traffic import ping
from test_tcp_obeys import transfer

HOME = "203.0.113.10"
STATIC = TunnelLine(1, 4141, HOME, 1480)
AYIYA = TunnelLine(2, 5072, "ayiya", 1428, PASSWORD)
TUNNELS = pytest.mark.parametrize("tunnel", [STATIC, AYIYA], ids=["static", "ayiya"])


def start(site: Site, tunnel: TunnelLine, *options: str) -> Daemon:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(site.plan, [tunnel]))
    daemon.options = list(options)
    return daemon.start()


@TUNNELS
@pytest.mark.parametrize("options", [(), ("--offloads", "off"), ("--batch", "1"), ("--batch", "3")],
                         ids=["auto", "off", "one at a time", "three at a time"])
def test_a_transfer_completes_both_ways(site: Site, tunnel: TunnelLine, options: tuple[str, ...]) -> None:
    daemon = start(site, tunnel, *options)
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel).start()
    assert transfer(site.core, home, client.identity)
    assert transfer(home, site.core, SERVER)
    assert daemon.errors(tunnel.number) == {}


@TUNNELS
def test_what_the_receiving_link_puts_together_gets_through(site: Site, tunnel: TunnelLine) -> None:
    """GRO merges datagrams of a flow, and TCP inside protocol 41, before any socket sees them."""
    daemon = start(site, tunnel)
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel).start()
    for device in ("net0", "core0"):
        site.pop.run("ethtool", "-K", device, "gro", "on")
    assert transfer(home, site.core, SERVER)
    assert transfer(site.core, home, client.identity)
    assert ping(home, SERVER, count=20, size=1280).all_arrived
    assert daemon.errors(tunnel.number) == {}


def test_what_is_not_known_is_refused(site: Site) -> None:
    program = str(site.programs.sixxsd)
    for options, said in ((["--offloads", "on"], "auto and off"), (["--batch", "0"], "from 1 to 64"), (["--batch", "x"], "from 1 to 64")):
        result = site.pop.run(program, "--config", "/nowhere", *options, check=False)
        assert result.returncode != 0
        assert said in result.stderr.replace("'", ""), result.stderr
