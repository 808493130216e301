"""Plain 6in4 and GRE that the PoP's kernel forwards by itself (`--fast-path auto`), and who forwards what when something happens.

    host ── core ── chtst01 ══ inet ── home4
                     sixxsd, and its programs at the TUN device and at the links
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import time

import pytest
from scapy.layers.inet import GRE

from lab import without_call
from lab.daemon import Daemon, TunnelLine, configuration
from lab.ends import End, Ends, Kind
from lab.namespace import wait_for
from lab.packets import ICMPv6EchoRequest, Listener, echo, send_ipv6
from lab.programs import REPOSITORY
from lab.site import Site
from lab.topology import ROUTER, SERVER

PLUGIN = REPOSITORY / "Packaging/nagios/check_sixxsd"
AUTO = ["--fast-path", "auto"]
PLAIN = pytest.mark.parametrize(("kind", "version"), [("6in4", 4), ("gre", 4), ("heartbeat", 4), ("6in4", 6), ("gre", 6)])
BPF = without_call.BPF
BPF_MAP_CREATE, BPF_MAP_TYPE_ARRAY = 0, 2


def refusal() -> str | None:
    """Why the kernel takes no tables and programs from us; None where it does."""
    attributes = (ctypes.c_uint32 * 18)(BPF_MAP_TYPE_ARRAY, 4, 4, 1)
    descriptor = ctypes.CDLL(None, use_errno=True).syscall(BPF, BPF_MAP_CREATE, attributes, ctypes.sizeof(attributes))
    if descriptor < 0:
        return os.strerror(ctypes.get_errno())
    os.close(descriptor)
    return None


if refused := refusal():
    pytest.skip(f"bpf(2): {refused}", allow_module_level=True)
# A daemon that has not said for so long that it lives is taken for dead.
LONGEST_SILENCE = 2


def forwarded_by_the_kernel(daemon: Daemon) -> int:
    lines = daemon.command("pop show threads").lines or ()
    found = next(line for line in lines if line.startswith("worker kernel received"))
    return int(found.split()[5])


def status(daemon: Daemon) -> str:
    lines = daemon.command("pop show threads").lines or ()
    return next(line for line in lines if re.match("fast-path (on|off)", line))


def goes_down(ends: Ends, end: End, size: int = 104) -> bool:
    """Whether a packet from the internet comes out at the user's end."""
    with end.listen() as listener:
        send_ipv6(ends.site.core, echo(SERVER, end.them, size=size))
        return end.first(listener, lambda p: ICMPv6EchoRequest in p and len(p) == size, 1) is not None


def goes_up(ends: Ends, end: End, size: int = 104) -> bool:
    """Whether a packet of the user's comes out at the internet."""
    with Listener(ends.site.core, "chtst01") as listener:
        end.send(echo(end.them, SERVER, size=size))
        return listener.first(lambda p: ICMPv6EchoRequest in p and p.src == end.them and len(p) == size, 1) is not None


def wait_until_fast(daemon: Daemon, ends: Ends, end: End) -> None:
    """The first packet asks for the user's link address, which the kernel must know."""
    def is_fast() -> bool:
        before = forwarded_by_the_kernel(daemon)
        return goes_down(ends, end) and forwarded_by_the_kernel(daemon) > before

    wait_for(is_fast, 5, "packets that the kernel forwards by itself", every=0.05)


def test_without_the_option_the_daemon_forwards(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start(options=["--fast-path", "off"])
    assert goes_down(ends, end) and goes_up(ends, end)
    lines = daemon.command("pop show threads").lines or ()
    assert not any(line.startswith(("fast-path", "worker kernel")) for line in lines)


@PLAIN
def test_the_kernel_forwards_plain_packets_and_all_are_counted(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    daemon = ends.start(options=AUTO)
    assert status(daemon).startswith("fast-path on, links ")
    wait_until_fast(daemon, ends, end)
    before, tunnel = forwarded_by_the_kernel(daemon), daemon.tunnel(end.tunnel.number)
    assert goes_down(ends, end, size=200) and goes_up(ends, end, size=300)
    # The host in the internet answers the second.
    wait_for(lambda: forwarded_by_the_kernel(daemon) == before + 3, 2, "all packets to be counted", every=0.05)
    after = daemon.tunnel(end.tunnel.number)
    assert after["outBytes"] == tunnel["outBytes"] + 500 and after["outPackets"] == tunnel["outPackets"] + 2
    assert after["inBytes"] == tunnel["inBytes"] + 300 and after["inPackets"] == tunnel["inPackets"] + 1
    assert daemon.balance().is_even


def shown(daemon: Daemon, end: End) -> str:
    """What `tunnel show` says of a tunnel's way."""
    lines = daemon.command(f"tunnel show T{end.tunnel.number}").lines or ()
    return next(line for line in lines if line.startswith("Fast Path")).partition(": ")[2]


def test_which_way_a_packet_takes_is_told(site: Site) -> None:
    ends = Ends(site)
    end, signed = ends.add("6in4", 4), ends.add("ayiya", 4)
    daemon = ends.start(options=AUTO)

    def way(packet: object) -> str:
        return (daemon.command(f"explain {bytes(packet).hex()}").lines or ("",))[-1]  # type: ignore[call-overload]

    assert (shown(daemon, end), shown(daemon, signed)) == ("yes", "no, AYIYA signs every datagram")
    assert way(echo(SERVER, end.them)) == "way: the kernel alone"
    assert way(echo(SERVER, end.them, size=1490)) == "way: the daemon, it is not just forwarded"
    assert way(echo(SERVER, signed.them)) == "way: the daemon, AYIYA signs every datagram"
    assert daemon.report()["fastPath"] == {"state": "on", "forwarded": forwarded_by_the_kernel(daemon), "lost": 0}
    assert "fast path on, links 2" in site.pop.run(PLUGIN, "-s", daemon.socket_path, "-f").stdout


@pytest.mark.parametrize("version", [4, 6])
def test_a_user_may_go_from_6in4_to_gre_and_back(site: Site, version: int) -> None:
    ends = Ends(site)
    end = ends.add("6in4", version)
    daemon = ends.start(options=AUTO)
    wait_until_fast(daemon, ends, end)
    keyed, plain = GRE(proto=0x86DD, key_present=1, key=7), GRE(proto=0x86DD)
    inner = echo(end.them, SERVER, size=200)

    def way(packet: object) -> str:
        return (daemon.command(f"explain {bytes(packet).hex()}").lines or ("",))[-1]  # type: ignore[call-overload]

    other = "way: the daemon, the tunnel's packets came another way before"
    assert way(end.outer(47) / plain / inner) == other
    end.kind = "gre"
    before = left(daemon, "otherKind")
    assert goes_up(ends, end)
    assert left(daemon, "otherKind") == before + 1
    assert shown(daemon, end) == "yes" and way(end.wrap(inner)) == "way: the kernel alone"
    # What the daemon has done with nobody waits for.
    wait_until_fast(daemon, ends, end)
    before = left(daemon, "oddGRE")
    with Listener(site.core, "chtst01") as listener:
        ends.send(version, end.outer(47) / keyed / inner)
        assert listener.first(lambda p: ICMPv6EchoRequest in p and p.src == end.them and len(p) == 200, 1) is not None
    assert left(daemon, "oddGRE") == before + 1
    kernels = forwarded_by_the_kernel(daemon)
    assert goes_up(ends, end, size=300)
    wait_for(lambda: forwarded_by_the_kernel(daemon) >= kernels + 2, 1, "the packet and its answer to be the kernel's", every=0.05)
    assert way(end.wrap(inner)) == "way: the kernel alone"
    assert way(end.outer(47) / keyed / inner) == "way: the daemon, the GRE header has options"
    end.kind = "6in4"
    assert way(end.wrap(inner)) == other
    assert goes_up(ends, end)
    wait_until_fast(daemon, ends, end)
    assert daemon.errors(end.tunnel.number) == {} and daemon.balance().is_even


@pytest.mark.parametrize(("kind", "version"), [("ayiya", 4), ("ayiya", 6)])
def test_everything_else_is_the_daemons(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    daemon = ends.start(options=AUTO)
    assert goes_down(ends, end) and goes_up(ends, end)
    assert forwarded_by_the_kernel(daemon) == 0


def test_a_tunnel_that_is_taken_down_carries_nothing(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start(options=AUTO)
    wait_until_fast(daemon, ends, end)
    down = TunnelLine(end.tunnel.tid, end.tunnel.number, end.tunnel.remote, end.tunnel.mtu, state="disabled")
    assert daemon.push(2, configuration(site.plan, [down])).is_success
    assert not goes_down(ends, end, size=120) and not goes_up(ends, end, size=120)
    assert daemon.push(3, configuration(site.plan, [end.tunnel])).is_success
    wait_until_fast(daemon, ends, end)


def test_a_hung_daemon_forwards_nothing_two_seconds_later(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start(options=AUTO)
    wait_until_fast(daemon, ends, end)
    daemon.signal(signal.SIGSTOP)
    try:
        time.sleep(LONGEST_SILENCE + 0.1)
        assert not goes_up(ends, end)
    finally:
        daemon.signal(signal.SIGCONT)
    wait_until_fast(daemon, ends, end)


def test_a_killed_daemon_leaves_nothing_that_forwards(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start(options=AUTO)
    wait_until_fast(daemon, ends, end)
    daemon.kill()
    assert not goes_up(ends, end)
    daemon.start()
    wait_until_fast(daemon, ends, end)


@pytest.mark.parametrize("tun", ["sixxs", "sixxs1"])
def test_a_second_daemon_changes_nothing(site: Site, tun: str) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start(options=AUTO)
    wait_until_fast(daemon, ends, end)
    second = Daemon(site.pop, site.programs.sixxsd, configuration(site.plan), name="second", tun=tun, control="127.0.0.1:42004")
    second.options = AUTO
    assert second.launch().wait(5) == 1
    before = forwarded_by_the_kernel(daemon)
    assert goes_down(ends, end, size=200) and goes_up(ends, end, size=300)
    wait_for(lambda: forwarded_by_the_kernel(daemon) == before + 3, 2, "what passed to be counted", every=0.05)


def test_after_an_upgrade_the_kernel_forwards_again_without_a_beat(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("heartbeat", 4)
    daemon = ends.start(options=AUTO)
    wait_until_fast(daemon, ends, end)
    daemon.signal(signal.SIGTERM)
    assert daemon.process is not None and daemon.process.wait(5) == 0
    assert not goes_up(ends, end)
    daemon.start()
    wait_until_fast(daemon, ends, end)
    assert goes_up(ends, end)


def left(daemon: Daemon, refusal: str) -> int:
    """How many packets the kernel left to the daemon for a reason."""
    lines = daemon.command("pop show threads").lines or ()
    return sum(int(line.split()[-1]) for line in lines if re.match(f"fast-path left .* {refusal} ", line))


@pytest.mark.parametrize(("version", "overhead"), [(4, 20), (6, 40)])
def test_what_is_larger_than_a_route_takes_is_the_daemons(site: Site, version: int, overhead: int) -> None:
    ends = Ends(site)
    end = ends.add("6in4", version)
    daemon = ends.start(options=AUTO)
    wait_until_fast(daemon, ends, end)
    assert goes_down(ends, end, size=1400)
    if version == 4:
        site.pop.ip(f"route add {end.address}/32 via {ROUTER} dev net0 onlink src {site.plan.ipv4} mtu 1400")
    else:
        way = re.search(r"via \S+ dev \S+", site.pop.run("ip", "-6", "route", "get", end.address).stdout)
        assert way is not None
        site.pop.ip(f"route add {end.address}/128 {way[0]} mtu 1400")

    def is_left() -> bool:
        before = left(daemon, "tooBig")
        send_ipv6(site.core, echo(SERVER, end.them, size=1401 - overhead))
        return left(daemon, "tooBig") > before

    wait_for(is_left, 5, "the kernel to leave what is too large", every=0.05)
    before = forwarded_by_the_kernel(daemon)
    assert goes_down(ends, end, size=1400 - overhead)
    wait_for(lambda: forwarded_by_the_kernel(daemon) > before, 2, "what fits to be the kernel's", every=0.05)
    assert daemon.balance().is_even


def test_while_the_tun_device_is_down_the_kernel_forwards_nothing(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start(options=AUTO)
    wait_until_fast(daemon, ends, end)
    # The daemon brings it up again half a second later: a namespace of the test's own cannot keep it down.
    site.pop.ip(f"link set {daemon.tun} down")
    before, silent = forwarded_by_the_kernel(daemon), left(daemon, "silent")

    def is_left() -> bool:
        end.send(echo(end.them, SERVER))
        return left(daemon, "silent") > silent

    wait_for(is_left, 2, "packets to be left to the daemon", every=0.01)
    assert forwarded_by_the_kernel(daemon) - before <= 5
    # Two seconds later the device is up again, and has the routes that the kernel had forgotten.
    wait_for(lambda: goes_down(ends, end), 10, "the routes")
    wait_until_fast(daemon, ends, end)
    assert goes_up(ends, end)
    assert daemon.balance().is_even


@pytest.mark.parametrize("what", ["capability", "call", "probe"])
def test_where_it_may_not_the_daemon_forwards_and_says_why(site: Site, what: str) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(site.plan, [end.tunnel]))
    daemon.options = AUTO
    if what in ("call", "probe"):
        forbidden = str(BPF) if what == "call" else "test-run"
        daemon.prefix = [sys.executable, without_call.__file__, forbidden]
    else:
        kept = "-all,+net_admin,+net_raw,+dac_override"
        daemon.prefix = ["setpriv", "--bounding-set", kept, "--inh-caps", kept, "--"]
    daemon.start()
    end.open()
    assert goes_down(ends, end) and goes_up(ends, end)
    why = "decapsulate: " if what == "probe" else "loading sixxsd: "
    assert status(daemon).startswith(f"fast-path off: {why}")
    assert shown(daemon, end) == "no, the kernel or the daemon's rights do not allow it (pop show threads)"
    assert daemon.report()["fastPath"]["state"] == "off"
    assert f"fast path off: {why}" in site.pop.run(PLUGIN, "-s", daemon.socket_path).stdout
    assert daemon.log.count("6in4 and GRE are not forwarded in the kernel: ") == 1
