"""sixxs-client alone, against a PoP of which the test plays the part.

    home ── inet ── pop (no daemon: the test listens)
    sixxs-client
"""

from __future__ import annotations

import re
import signal
import time

import pytest

from lab import beats
from lab.client import Client
from lab.namespace import Laboratory, Namespace, wait_for
from lab.packets import UDP, IPv6, Listener, echo, is_echo_reply, send_ipv4, sixinfour, udp_payload
from lab.programs import Programs
from lab.site import PASSWORD, inner_of
from lab.topology import Backbone

HOME, POP = "203.0.113.10", "192.0.2.42"
US, THEM = "2001:db8:2ff:1::1", "2001:db8:2ff:1::2"
KINDS = pytest.mark.parametrize("kind", ["6in4", "heartbeat", "ayiya"])


class Stage:
    """A home and a silent PoP."""

    def __init__(self, laboratory: Laboratory, programs: Programs) -> None:
        backbone = Backbone(laboratory)
        self.home: Namespace = backbone.add_host("home", HOME)
        self.pop: Namespace = backbone.add_host("pop", POP)
        self.pop.nft("table ip mute {\nchain output {\ntype filter hook output priority 0\nip protocol icmp drop\n}\n}")
        self.programs = programs

    def client(self, kind: str, beat_interval: int = 60, mtu: int | None = None, *options: str) -> Client:
        password = None if kind == "6in4" else PASSWORD
        return Client(self.home, self.programs.client, kind, POP, THEM, password, mtu, beat_interval,
                      options=list(options))

    def default_routes(self) -> list[dict]:
        return [route for route in self.home.show("-6", "route") if route["dst"] == "default"]  # type: ignore


@pytest.fixture
def stage(laboratory: Laboratory, programs: Programs) -> Stage:
    return Stage(laboratory, programs)


@KINDS
def test_sets_up_its_device(stage: Stage, kind: str) -> None:
    client = stage.client(kind)
    client.launch()
    wait_for(lambda: stage.default_routes(), 3, "a default route")
    device = stage.home.show("addr", "show", "dev", "sixxs0")[0]  # type: ignore[index]
    assert device["mtu"] == 1280, "what PoPs give their tunnels"
    assert "UP" in device["flags"]
    assert (THEM, 64) in {(entry["local"], entry["prefixlen"]) for entry in device["addr_info"]}
    assert stage.default_routes()[0]["dev"] == "sixxs0"
    assert client.stop() == 0
    assert not stage.home.has_interface("sixxs0")
    assert stage.default_routes() == []


def test_takes_an_mtu_and_leaves_the_route_alone(stage: Stage) -> None:
    stage.client("6in4", 60, 1400, "--no-default-route").launch()
    wait_for(lambda: stage.home.show("addr", "show", "dev", "sixxs0")[0]["mtu"] == 1400, 3, "the MTU")  # type: ignore
    time.sleep(0.3)
    assert stage.default_routes() == []


@pytest.mark.parametrize(("kind", "port"), [("heartbeat", 3740), ("ayiya", 5072)])
def test_beats_at_once_and_on_time(stage: Stage, kind: str, port: int) -> None:
    with Listener(stage.pop, "net0", version=4) as listener:
        stage.client(kind, beat_interval=1).launch()
        datagrams = [(time.time(), octets) for packet in listener.packets(4)
                     if (octets := udp_payload(packet, port)) is not None]
    if kind == "ayiya":
        datagrams = [(when, octets) for when, octets in datagrams if octets[2] & 0x0F == beats.NOOP]
    assert 3 <= len(datagrams) <= 6
    for when, octets in datagrams:
        if kind == "heartbeat":
            said = re.fullmatch(rf"HEARTBEAT TUNNEL {THEM} sender (\d+) [0-9a-f]{{32}}", octets.decode())
            assert said, octets
            seconds = int(said[1])
            assert octets == beats.heartbeat(THEM, PASSWORD, when=seconds)
        else:
            seconds = int.from_bytes(octets[4:8], "big")
            assert octets == beats.ayiya(THEM, PASSWORD, when=seconds)
        assert abs(when - seconds) < 2


@KINDS
def test_answers_a_ping_through_the_tunnel(stage: Stage, kind: str) -> None:
    with Listener(stage.pop, "net0", version=4) as listener:
        process = stage.client(kind).launch()
        request = echo(US, THEM, size=1280)
        if kind == "ayiya":
            beat = listener.first(lambda p: udp_payload(p, 5072) is not None)
            assert beat is not None
            with stage.pop.socket(2, 2) as sender:
                sender.bind((POP, 5072))
                sender.sendto(beats.ayiya(US, PASSWORD, bytes(request)), (HOME, beat[UDP].sport))
        else:
            # The device and its route are there before the way to the PoP is.
            wait_for(lambda: f"sending to {POP}" in process.output, 10, "the client to be ready")
            send_ipv4(stage.pop, sixinfour(POP, HOME, request))
        replies = (inner_of(packet) for packet in listener.packets(3) if packet.src == HOME)
        reply = next((inner for inner in replies if inner is not None and is_echo_reply(inner, THEM)), None)
    assert reply is not None and reply[IPv6].dst == US
    assert len(bytes(reply)) == 1280


def test_takes_no_unsigned_packet(stage: Stage) -> None:
    with Listener(stage.pop, "net0", version=4) as listener:
        stage.client("ayiya").launch()
        beat = listener.first(lambda p: udp_payload(p, 5072) is not None)
        assert beat is not None
        with stage.pop.socket(2, 2) as sender:
            sender.bind((POP, 5072))
            there = (HOME, beat[UDP].sport)
            request = bytes(echo(US, THEM))
            sender.sendto(beats.ayiya(US, "wrong", request), there)
            sender.sendto(beats.ayiya(US, PASSWORD, request, when=int(time.time()) - 200), there)
            sender.sendto(beats.ayiya(THEM, PASSWORD, request), there)
            sender.sendto(b"\x41\x52" + bytes(60), there)
            sender.sendto(b"", there)
        replies = (inner_of(packet) for packet in listener.packets(0.7) if packet.src == HOME)
        assert not any(inner is not None and is_echo_reply(inner, THEM) for inner in replies)


def test_says_what_is_wrong_with_its_password_file(stage: Stage) -> None:
    client = stage.client("ayiya")
    missing = stage.home.laboratory.folder / "nothing"
    result = stage.home.run(stage.programs.client, "ayiya", "--pop", POP, "--identity", THEM, "--password-file",
                            missing, check=False)
    assert result.returncode != 0
    assert str(missing) in result.stderr
    assert client.process is None


@KINDS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_when_told(stage: Stage, kind: str, number: int) -> None:
    process = stage.client(kind).launch()
    process.signal(number)
    assert process.wait(5) == 0
    assert not stage.home.has_interface("sixxs0")
