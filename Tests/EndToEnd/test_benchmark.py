"""What the benchmark measures with carries packets as they are.

    host ── core ── chtst01 ── inet ── home
                     sixxsd             far end of a benchmark
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from lab import bulk
from lab.namespace import Laboratory
from lab.programs import Programs
from lab.topology import SERVER
from test_tcp_obeys import transfer

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Benchmarks" / "end-to-end"))

import floors  # noqa: E402
import waiting  # noqa: E402
from echoes import ThroughSixInFour, Times  # noqa: E402
from sender import Sender  # noqa: E402
from ways import AYIYA, ONE_AT_A_TIME, SixInFour, Way  # noqa: E402


@pytest.mark.parametrize("kind", [SixInFour, AYIYA], ids=["6in4", "AYIYA"])
@pytest.mark.parametrize("options", [[], ONE_AT_A_TIME], ids=["batched", "one at a time"])
def test_a_transfer_arrives_as_it_was_sent(laboratory: Laboratory, programs: Programs, kind: type[SixInFour | AYIYA],
                                           options: list[str]) -> None:
    way = kind(laboratory, programs, options)
    before = way.daemon.balance().forwarded
    assert transfer(way.site.core, way.home, way.user)
    assert transfer(way.home, way.site.core, SERVER)
    assert way.daemon.balance().forwarded > before + 2 * 400_000 // 1480
    assert way.cpu() >= 0


def test_plain_forwarding_has_no_daemon(laboratory: Laboratory, programs: Programs) -> None:
    way = Way(laboratory, programs)
    assert transfer(way.site.core, way.home, way.user)
    assert not way.site.pop.has_interface("sixxs") and way.process is None


@pytest.mark.parametrize("version", [4, 6])
def test_each_packet_is_sent_as_it_is(laboratory: Laboratory, version: int) -> None:
    a, b = laboratory.namespace("a"), laboratory.namespace("b")
    laboratory.link(a, "net0", b, "net0")
    family, source, destination = ((socket.AF_INET, "192.0.2.1", "192.0.2.2") if version == 4 else
                                   (socket.AF_INET6, "2001:db8::1", "2001:db8::2"))
    for host, address in ((a, source), (b, destination)):
        host.ip(f"addr add {address}/{24 if version == 4 else 64} dev net0" + (" nodad" if version == 6 else ""))
    payloads = [bytes([number]) * (100 + number) for number in range(100)]
    with b.socket(family, socket.SOCK_RAW, 253) as receiver:
        receiver.settimeout(3)
        packets = [bulk.ipv4(source, destination, 253, octets) if version == 4 else bulk.ipv6(source, destination, 253, octets)
                   for octets in payloads]
        with Sender(a, packets) as sender:
            sender.send_each()
        found = [receiver.recv(2048) for _ in payloads]
    assert [octets[20:] if version == 4 else octets for octets in found] == payloads


@pytest.mark.parametrize("burst", [1, 7])
def test_a_burst_is_no_larger_than_asked_for(laboratory: Laboratory, burst: int) -> None:
    host = laboratory.namespace("host")
    with Sender(host, [bulk.ipv4("127.0.0.1", "127.0.0.1", 253, bytes(number)) for number in range(10)]) as sender:
        assert [sender.burst(burst) for _ in range(3)] == [burst, min(burst, 10 - burst), burst]


@pytest.mark.parametrize("options", waiting.WAYS.values(), ids=waiting.WAYS.keys())
def test_waiting_is_measured_beside_a_load(laboratory: Laboratory, programs: Programs, options: list[str]) -> None:
    way = ThroughSixInFour(laboratory, programs, options)
    way.open()
    found = waiting.Found(Times(2000))
    waiting.measure(way, found, seconds=0.2, probes=5)
    assert len(found.times.took) + found.times.lost == 5
    assert found.served[0] > 0 and found.spent[0] > 0 and found.cost[0] > 0


def test_floors_are_measured(laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floors, "BURSTS", 1)
    program = floors.compiled(laboratory.folder)
    if program is None:
        pytest.skip("no compiler of C")
    stand = floors.Stand(laboratory, program)
    for example in floors.EXAMPLES:
        assert stand.measure(example, 1) > 0, example.name
