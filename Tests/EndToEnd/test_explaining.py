"""What becomes of packets, told beforehand, live and from a capture.

    core ── chtst01 ── inet ── home
             sixxsd
"""

from __future__ import annotations

import json
import subprocess
import time

from scapy.layers.inet import IP
from scapy.utils import wrpcap

from lab import beats
from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import wait_for
from lab.packets import IPv6, ICMPv6EchoRequest
from lab.site import PASSWORD, PLAN, Site
from lab.topology import SERVER
from lab.traffic import answers, ping

HOME = "203.0.113.10"
STATIC = TunnelLine(1, 4141, HOME, 1280)
OTHER = TunnelLine(3, 7, "203.0.113.11", 1280)
AYIYA = TunnelLine(2, 5072, "ayiya", 1280, PASSWORD)


def counted(daemon: Daemon) -> tuple[int, int, int, dict[str, int]]:
    """What became of packets, but for what the kernel itself sends into the TUN device whenever it likes."""
    balance = daemon.balance()
    reasons = {reason: count for reason, count in balance.reasons.items() if reason != "impossibleSource"}
    return balance.forwarded, balance.answered, balance.consumed, reasons


def wait_for_no_probes(*tunnels: TunnelLine) -> None:
    """Waits until none of the tunnels is probed for some seconds: each is in the second of the minute that its number says."""
    def is_quiet() -> bool:
        second = int(time.monotonic())
        return all((tunnel.tid - second) % 60 > 5 and (tunnel.tid - second) % 60 < 59 for tunnel in tunnels)
    wait_for(is_quiet, 15, "a time without probes")


def test_a_packet_is_explained_and_counted_nowhere(site: Site) -> None:
    daemon = site.daemon(STATIC, AYIYA)
    wait_for_no_probes(STATIC, AYIYA)
    before = (daemon.tunnel(4141), daemon.tunnel(5072), counted(daemon))
    inner = bytes(IPv6(src=site.plan.them(1), dst=SERVER, hlim=64) / ICMPv6EchoRequest())
    with daemon.session() as session:
        said = session.command(f"explain {inner.hex()} from T4141").lines or ()
        assert any("verdict: to the uplink" in line for line in said), said
        assert "sent to the uplink" in said[-1]
        outer = bytes(IP(src=HOME, dst=PLAN.ipv4, proto=41) / inner)
        assert session.command(f"explain {outer.hex()}").lines == said
        said = session.command(f"explain {inner.hex()} from 203.0.113.99").lines or ()
        assert "dropped: wrongEndpoint" in said[-1]
        said = session.command(f"explain {inner.hex()} from uplink").lines or ()
        assert "dropped: ownSourceFromUplink" in said[-1]
        down = bytes(IPv6(src=SERVER, dst=site.plan.them(2), hlim=64) / ICMPv6EchoRequest())
        said = session.command(f"explain {down.hex()} from uplink").lines or ()
        assert any("tunnelDown" in line for line in said), said
        assert session.command("explain 60zz").code == 400
        assert session.command(f"explain {inner.hex()} from T9").code == 404
    assert (daemon.tunnel(4141), daemon.tunnel(5072), counted(daemon)) == before


def test_a_trace_shows_one_tunnel_and_ends(site: Site) -> None:
    daemon = site.daemon(STATIC, OTHER)
    client = site.client(site.home(ipv4=HOME), STATIC).start()
    with daemon.session() as session, daemon.session() as second:
        assert session.command("trace T4141 packets 4 seconds 20").code == 200
        assert second.command("trace 1 packets 2 --json").code == 200
        assert ping(site.core, client.identity, count=4).all_arrived
        lines = []
        while (reply := session.read_reply()).code == 202:
            lines.append(reply.text)
        assert reply.code == 200 and reply.text.startswith("trace of T4141 ended: 4 packets"), str(reply)
        assert all(line.startswith("T4141 ") for line in lines)
        assert any("verdict: into tid 1" in line for line in lines), lines
        rows = []
        while (reply := second.read_reply()).code == 202:
            rows.append(json.loads(reply.text))
        assert {row["tid"] for row in rows} == {"1"} and {row["packet"] for row in rows} == {1, 2}
        assert session.command("pop show version").is_success, "the session goes on"


def test_a_trace_ends_by_time_and_by_a_line(site: Site) -> None:
    daemon = site.daemon(STATIC)
    with daemon.session() as session:
        begun = time.monotonic()
        assert session.command("trace T4141 seconds 1").is_success
        assert "0 packets" in session.read_reply().text
        assert 0.8 < time.monotonic() - begun < 3
        assert session.command("trace T4141 seconds 600").is_success
        session.send(b"pop show version\n")
        assert "ended" in session.read_reply().text
        assert session.read_reply().text.startswith("sixxsd ")


def test_debugging_is_shown_beside_commands(site: Site) -> None:
    daemon = site.daemon(STATIC, OTHER)
    with daemon.session(timeout=10) as session:
        assert session.command("tunnel set debug T4141 on").is_success
        assert session.command("tunnel set debug T4141 on").code == 304
        lines = daemon.command("tunnel list debugonly").lines or ()
        assert [line.split()[0] for line in lines] == ["T4141"]
        answers(site.core, site.plan.us(1))
        answers(site.core, site.plan.us(3))
        said = [session.read_reply() for _ in range(2)]
        assert all(reply.code == 202 and reply.text.startswith("T4141 ") for reply in said)
    daemon_list = lambda: daemon.command("tunnel list debugonly").lines
    deadline = time.monotonic() + 3
    while daemon_list() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not daemon_list(), "debugging ends with its session"


def test_a_capture_is_explained_offline(site: Site) -> None:
    file = site.laboratory.folder / "pop.conf"
    file.write_text(configuration(PLAN, [STATIC, AYIYA]))
    now = int(time.time())
    inner = IPv6(src=site.plan.them(1), dst=SERVER, hlim=64) / ICMPv6EchoRequest()
    beat = beats.ayiya(site.plan.them(2), PASSWORD, when=now)
    from scapy.layers.inet import UDP
    packets = [IP(src=HOME, dst=PLAN.ipv4, proto=41) / inner,
               IP(src="203.0.113.77", dst=PLAN.ipv4) / UDP(sport=5072, dport=5072) / beat,
               IPv6(src=SERVER, dst=site.plan.them(2), hlim=64) / ICMPv6EchoRequest()]
    for packet in packets:
        packet.time = now
    capture = site.laboratory.folder / "pop.pcap"
    wrpcap(str(capture), packets, linktype=101)
    argv = [site.programs.sixxsd, "explain", capture, "--config", file]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert "1 sent to the uplink" in said and "2 the beat counts" in said
    assert "3 sent as ayiya" in said, said
    rows = subprocess.run([*argv, "--json"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert {json.loads(row)["packet"] for row in rows} == {1, 2, 3}
    ways = subprocess.run([*argv, "--fast-path", "auto"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert [line for line in ways if " way: " in line] == [
        "1 way: the kernel alone", "2 way: the daemon, it is neither 6in4 nor GRE", "3 way: the daemon, AYIYA signs every datagram"]
    rows = subprocess.run([*argv, "--json", "--fast-path", "auto"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert [row["text"] for row in map(json.loads, rows) if row["step"] == "way"][0] == "the kernel alone"
    again = site.laboratory.folder / "pop.pcapng"
    subprocess.run(["editcap", "-F", "pcapng", capture, again], check=True, timeout=20)
    assert again.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    assert subprocess.run([argv[0], "explain", again, *argv[3:]], check=True, capture_output=True, text=True).stdout == said
    capture.write_bytes(b"nonsense")
    result = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert result.returncode == 1 and "expected a capture" in result.stderr
