"""What a sender is told when a packet cannot be delivered (daemon.md section 3).

    core (2001:db8:ffff::80) ── chtst01 ── inet ── home
         the sender              sixxsd            a user whose packets the test makes
"""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6PacketTooBig

from lab.daemon import TunnelLine
from lab.packets import UDP, IPv6, Listener, Raw, echo, has_right_checksum, is_icmp_error, send_ipv6
from lab.site import PASSWORD, Site, inner_of
from lab.topology import SERVER

HOME = "203.0.113.10"
STATIC = TunnelLine(1, 4141, HOME, 1400)
DOWN = TunnelLine(2, 3740, "heartbeat", 1280, PASSWORD)
DISABLED = TunnelLine(3, 99, "198.51.100.99", 1280, state="disabled")
NET = "2001:db8:2ff"


def datagram(destination: str) -> IPv6:
    return IPv6(src=SERVER, dst=destination) / UDP(sport=9, dport=9) / Raw(b"x")


CASES = {
    "no such tunnel": (echo(SERVER, f"{NET}:77::2"), (1, 3), f"{NET}:77::1"),
    "beyond the last tid": (echo(SERVER, f"{NET}:2000::2"), (1, 3), f"{NET}:ffff::1"),
    "no such subnet": (echo(SERVER, "2001:db8:30aa::1"), (1, 3), f"{NET}:ffff::1"),
    "disabled": (echo(SERVER, f"{NET}:3::2"), (1, 1), f"{NET}:3::1"),
    "down": (echo(SERVER, f"{NET}:2::2"), (1, 0), f"{NET}:2::1"),
    "another address of the /64": (echo(SERVER, f"{NET}:1::3"), (1, 0), f"{NET}:1::1"),
    "too big": (echo(SERVER, f"{NET}:1::2", size=1401), (2, 0), f"{NET}:1::1"),
    "hop limit": (echo(SERVER, f"{NET}:1::2", hop_limit=2), (3, 0), f"{NET}:1::1"),
    "port of the PoP's end": (datagram(f"{NET}:1::1"), (1, 4), f"{NET}:1::1"),
    "port of the daemon": (datagram(f"{NET}:ffff::1"), (1, 4), f"{NET}:ffff::1"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_sender_learns_why(site: Site, case: str) -> None:
    packet, kind, source = CASES[case]
    site.daemon(STATIC, DOWN, DISABLED, subnets=[("2001:db8:3001::/48", 1)])
    with Listener(site.core, "chtst01") as listener:
        send_ipv6(site.core, packet)
        error = listener.icmp_error(SERVER)
    assert error is not None, "no answer"
    message = error.payload
    assert (message.type, message.code) == kind
    assert error.src == source
    assert has_right_checksum(error)
    assert len(bytes(error)) <= 1280
    if kind == (2, 0):
        assert message[ICMPv6PacketTooBig].mtu == STATIC.mtu
    # What is quoted is the packet as it came: one hop, the PoP's kernel, was already taken.
    quoted = bytes(message)[8:]
    original = bytes(packet)[: len(quoted)]
    assert quoted[:7] == original[:7] and quoted[8:40] == original[8:40]
    assert len(quoted) == min(len(bytes(packet)), 1280 - 48)


@pytest.mark.parametrize("packet", [
    IPv6(src=SERVER, dst=f"{NET}:77::2", nh=58) / Raw(bytes([1, 0, 0, 0, 0, 0, 0, 0]) + bytes(IPv6())),
    IPv6(src=SERVER, dst=f"{NET}:77::2", nh=58) / Raw(bytes([137, 0, 0, 0]) + bytes(36)),
], ids=["an error", "a redirect"])
def test_no_error_about(site: Site, packet: IPv6) -> None:
    site.daemon(STATIC)
    with Listener(site.core, "chtst01") as listener:
        send_ipv6(site.core, packet)
        assert listener.icmp_error(SERVER, 0.4) is None


def test_a_user_hears_of_its_hop_limit_from_its_own_pop(site: Site) -> None:
    site.daemon(STATIC)
    user = site.user(site.home(ipv4=HOME), HOME, STATIC)
    with user.listen() as listener:
        user.send(echo(user.them, SERVER, hop_limit=1))
        error = next(inner for packet in listener.packets(3) if (inner := inner_of(packet)) is not None)
    assert is_icmp_error(error) and (error.payload.type, error.payload.code) == (3, 0)
    assert (error.src, error.dst) == (user.us, user.them)
    assert has_right_checksum(error)


def test_a_user_must_send_from_its_own_address(site: Site) -> None:
    site.daemon(STATIC)
    user = site.user(site.home(ipv4=HOME), HOME, STATIC)
    with user.listen() as listener, Listener(site.core, "chtst01") as uplink:
        user.send(echo(f"{NET}:1::3", SERVER))
        error = next(inner for packet in listener.packets(3) if (inner := inner_of(packet)) is not None)
        assert (error.payload.type, error.payload.code) == (1, 5)
        assert (error.src, error.dst) == (user.us, f"{NET}:1::3")
        assert uplink.first(lambda p: IPv6 in p and p[IPv6].src == f"{NET}:1::3", 0.3) is None


def test_errors_are_counted_where_they_belong(site: Site) -> None:
    daemon = site.daemon(STATIC, DISABLED)
    for _ in range(3):
        send_ipv6(site.core, echo(SERVER, f"{NET}:1::2", size=1401))
        send_ipv6(site.core, echo(SERVER, f"{NET}:3::2"))
    assert daemon.wait_for_error(4141, "Encap.Pkt Too Big", 3) == 3
    assert daemon.wait_for_error(99, "Disabled tunnel", 3) == 3


def test_errors_are_rate_limited(site: Site) -> None:
    site.daemon(DISABLED)
    with Listener(site.core, "chtst01") as listener:
        for sequence in range(200):
            send_ipv6(site.core, echo(SERVER, f"{NET}:3::2", sequence=sequence))
        count = sum(1 for packet in listener.packets(1) if is_icmp_error(packet))
    assert 10 <= count <= 25, "10 a second with bursts of 10"


def test_packet_too_big_is_not_starved(site: Site) -> None:
    """Whatever another sends all the time, who sends large packets hears about each."""
    site.daemon(STATIC)
    other, large = "2001:db8:eeee::66", STATIC.mtu + 1
    noise = [echo(other, f"{NET}:1::99"), IPv6(src=other, dst=f"{NET}:ffff::1") / UDP(sport=9, dport=9),
             echo(other, f"{NET}:1::2", size=large), echo(other, f"{NET}:1::2", hop_limit=2)]
    for sequence in range(5):
        with Listener(site.core, "chtst01") as listener:
            for packet in 25 * noise:
                send_ipv6(site.core, packet)
            send_ipv6(site.core, echo(SERVER, f"{NET}:1::2", size=large, sequence=sequence))
            error = listener.icmp_error(SERVER)
        assert error is not None and error.payload.type == 2


def test_traceroute_shows_the_tunnel_as_a_hop(site: Site) -> None:
    site.daemon(STATIC)
    home = site.home(ipv4=HOME)
    site.client(home, STATIC).start()
    hops = []
    for hop_limit in (1, 2, 3):
        with Listener(site.core, "chtst01") as listener:
            send_ipv6(site.core, echo(SERVER, site.plan.them(1), hop_limit=hop_limit))
            answer = listener.first(lambda p: IPv6 in p and p.dst == SERVER and p.payload.type in (3, 129))
            hops.append(answer.src if answer else None)
    assert hops == [site.plan.ipv6, site.plan.us(1), site.plan.them(1)]
