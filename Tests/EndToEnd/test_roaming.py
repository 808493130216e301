"""A client that moves, one that falls silent, and one who pretends to be it.

    core ── chtst01 ── inet ──┬── home 203.0.113.10, later .20
             sixxsd           └── thief 203.0.113.66
"""

from __future__ import annotations

import time

import pytest

from lab import beats
from lab.daemon import Daemon, TunnelLine
from lab.namespace import wait_for
from lab.packets import Listener, echo, send_ipv6, sixinfour, send_ipv4
from lab.site import PASSWORD, Site, inner_of
from lab.topology import SERVER
from lab.traffic import answers, ping

OLD, NEW, THIEF = "203.0.113.10", "203.0.113.20", "203.0.113.66"
HEARTBEAT = TunnelLine(2, 3740, "heartbeat", 1280, PASSWORD)
AYIYA = TunnelLine(3, 5072, "ayiya", 1280, PASSWORD)
BOTH = pytest.mark.parametrize("tunnel", [HEARTBEAT, AYIYA], ids=["heartbeat", "ayiya"])
INTERVAL = 2


def endpoint(daemon: Daemon, tunnel: TunnelLine) -> str:
    return (daemon.tunnel(tunnel.number).get("endpoint") or "").partition(":")[0]


@BOTH
def test_the_tunnel_follows_within_one_beat(site: Site, tunnel: TunnelLine) -> None:
    daemon = site.daemon(tunnel)
    home = site.home(ipv4=OLD)
    client = site.client(home, tunnel, beat_interval=INTERVAL).start()
    assert endpoint(daemon, tunnel) == OLD
    site.backbone.move(home, OLD, NEW)
    moved = time.monotonic()
    wait_for(lambda: endpoint(daemon, tunnel) == NEW, INTERVAL + 1.5, "the tunnel to follow", every=0.05)
    assert time.monotonic() - moved <= INTERVAL + 1.5
    assert ping(site.core, client.identity).all_arrived
    assert ping(home, SERVER).all_arrived


@BOTH
def test_an_old_beat_from_elsewhere_is_refused(site: Site, tunnel: TunnelLine) -> None:
    daemon = site.daemon(tunnel)
    user = site.user(site.home(ipv4=OLD), OLD, tunnel)
    thief = site.user(site.home("thief", THIEF), THIEF, tunnel)
    stolen = user.beat(age=5)
    user.beat()
    wait_for(lambda: endpoint(daemon, tunnel) == OLD, 2, "the user's beat to count")
    port = beats.AYIYA_PORT if tunnel is AYIYA else beats.HEARTBEAT_PORT
    thief.send_datagram(stolen, port)
    daemon.wait_for_error(tunnel.number, "AYIYA Replay" if tunnel is AYIYA else "HB Replay")
    assert endpoint(daemon, tunnel) == OLD


@BOTH
def test_a_silent_client_goes_down_on_time(site: Site, tunnel: TunnelLine) -> None:
    daemon = site.daemon(tunnel, beat_timeout=5)
    user = site.user(site.home(ipv4=OLD), OLD, tunnel)
    user.beat()
    begun = time.monotonic()
    daemon.wait_for_state(tunnel.number, "up", 1)
    time.sleep(3.5)
    state = daemon.state(tunnel.number)
    # On a machine that is busy elsewhere the question itself may come late.
    assert state == "up" or time.monotonic() - begun > 4.5
    daemon.wait_for_state(tunnel.number, "down", 4)
    assert 4.5 <= time.monotonic() - begun <= 7.5
    with Listener(site.core, "chtst01") as listener:
        send_ipv6(site.core, echo(SERVER, user.them))
        error = listener.icmp_error(SERVER)
    assert error is not None and (error.payload.type, error.payload.code) == (1, 0)
    user.beat()
    daemon.wait_for_state(tunnel.number, "up", 1)


def test_a_real_client_that_is_killed_goes_down_and_comes_back(site: Site) -> None:
    daemon = site.daemon(AYIYA, beat_timeout=5)
    home = site.home(ipv4=OLD)
    client = site.client(home, AYIYA, beat_interval=INTERVAL).start()
    client.kill()
    daemon.wait_for_state(AYIYA.number, "down", 8)
    assert "Destination unreachable: No route" in ping(site.core, client.identity).text
    client.start()
    assert answers(site.core, client.identity)


def test_a_down_tunnel_carries_nothing_inward(site: Site) -> None:
    daemon = site.daemon(HEARTBEAT)
    user = site.user(site.home(ipv4=OLD), OLD, HEARTBEAT)
    with Listener(site.core, "chtst01") as uplink:
        user.send(echo(user.them, SERVER))
        assert uplink.first(lambda p: p.src == user.them, 0.5) is None
    user.beat()
    daemon.wait_for_state(HEARTBEAT.number, "up")
    with Listener(site.core, "chtst01") as uplink:
        user.send(echo(user.them, SERVER))
        assert uplink.first(lambda p: p.src == user.them, 2) is not None


def test_after_ayiya_only_signed_packets_count(site: Site) -> None:
    daemon = site.daemon(AYIYA)
    user = site.user(site.home(ipv4=OLD), OLD, AYIYA)
    user.beat()
    daemon.wait_for_state(AYIYA.number, "up")
    with Listener(site.core, "chtst01") as uplink:
        send_ipv4(user.home, sixinfour(OLD, user.pop, echo(user.them, SERVER)))
        assert uplink.first(lambda p: p.src == user.them, 0.5) is None


def test_six_in_four_from_elsewhere_is_dropped(site: Site) -> None:
    daemon = site.daemon(HEARTBEAT)
    user = site.user(site.home(ipv4=OLD), OLD, HEARTBEAT)
    thief = site.user(site.home("thief", THIEF), THIEF, HEARTBEAT)
    user.beat()
    daemon.wait_for_state(HEARTBEAT.number, "up")
    with Listener(site.core, "chtst01") as uplink:
        thief.send(echo(user.them, SERVER))
        assert uplink.first(lambda p: p.src == user.them, 0.5) is None
    daemon.wait_for_error(HEARTBEAT.number, "Wrong Source IPv4")


def test_an_echo_request_is_answered_with_its_payload(site: Site) -> None:
    site.daemon(AYIYA)
    user = site.user(site.home(ipv4=OLD), OLD, AYIYA)
    payload = bytes(echo(user.them, SERVER))
    with user.listen() as listener:
        user.send_datagram(beats.ayiya(user.them, PASSWORD, payload, opcode=beats.ECHO_REQUEST), beats.AYIYA_PORT)
        answer = listener.first(lambda p: p.proto == 17 and p.src == site.plan.ipv4)
    assert answer is not None
    datagram = bytes(answer.payload)[8:]
    assert datagram[2] & 0x0F == beats.ECHO_RESPONSE
    assert beats.ayiya_is_signed(datagram, PASSWORD)
    assert datagram[beats.HEADER_LENGTH:] == payload
    assert inner_of(answer).src == user.them  # type: ignore[union-attr]
