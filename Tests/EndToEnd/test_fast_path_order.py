"""No packet of a flow is overtaken by another, or lost, when its tunnel changes between the kernel's way and the daemon's.

    core ── chtst01 ══ inet ── home4
             sixxsd, and its programs at the TUN device and at the links

SIXXS_LONG=1 makes it a thousand changes each way.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable

import pytest

from lab import numbered
from lab.daemon import WORKERS, Daemon
from lab.ends import End, Ends, Kind
from lab.namespace import Namespace, Process, wait_for
from lab.packets import UDP, IPv6, Raw
from lab.site import Site
from lab.topology import SERVER
from test_fast_path import AUTO, forwarded_by_the_kernel, wait_until_fast

LONG = bool(os.environ.get("SIXXS_LONG"))
CHANGES = 1000 if LONG else 200
# Seconds between changes, on average.
PAUSE = 0.01
# A second; without optimization the daemon has its hands full with fewer.
RATE = 20_000 if "release" in os.environ.get("SIXXS_BIN", "release") else 4_000
PORT = 4711
# With several, one takes a tunnel off the fast path while another reads what was left because of that.
MANY = pytest.mark.parametrize("workers", [WORKERS] if WORKERS > 1 else [1, 2])
MARK = bytes.fromhex("5155454e43450000")
# There are as many numbers as come while the changes last, and some before and after.
COUNT = int(RATE * CHANGES * PAUSE * 1.5) + RATE
pytestmark = pytest.mark.seconds(300 if LONG else 90)


def program(namespace: Namespace, what: str, address: str, *arguments: object) -> Process:
    return namespace.spawn(sys.executable, numbered.__file__, what, address, *arguments, name=f"numbered-{what}")


def receiver(namespace: Namespace, link: str, version: int) -> Process:
    process = program(namespace, "receive", link, version, COUNT, MARK.hex())
    wait_for(lambda: "ready" in process.output, 5, "the receiver")
    return process


def result(process: Process) -> dict[str, int]:
    wait_for(lambda: not process.is_running, 120, "the receiver to end", every=0.2)
    return json.loads(process.output.splitlines()[-1])


def debug_again_and_again(daemon: Daemon, end: End) -> None:
    """Has the tunnel go to the daemon and back: what happens to its packets is shown, or is not."""
    with daemon.session() as session:
        reader = threading.Thread(target=session.discard)
        reader.start()
        for number in range(CHANGES):
            session.send(f"tunnel set debug T{end.tunnel.number} {('on', 'off')[number % 2]}\n".encode())
            time.sleep(random.uniform(0, 2 * PAUSE))
        session.end()
        reader.join()


def change_kinds_again_and_again(daemon: Daemon, end: End) -> None:
    """Has the user of GRE go to 6in4: the next packet of the flow goes back."""
    packet = bytes(end.outer(41) / IPv6(src=end.them, dst=SERVER, nh=59))
    for _ in range(CHANGES):
        end.ends.send(4, packet)
        time.sleep(random.uniform(0, 2 * PAUSE))


def begin(site: Site, workers: int, kind: Kind = "6in4") -> tuple[Daemon, End]:
    ends = Ends(site)
    end = ends.add(kind, 4)
    daemon = ends.start(options=AUTO if workers == WORKERS else [*AUTO, "--workers", str(workers)])
    # Packets that find no room are no matter of order.
    site.pop.ip(f"link set {daemon.tun} txqueuelen 20000")
    wait_until_fast(daemon, ends, end)
    return daemon, end


def run(daemon: Daemon, end: End, receiving: Process, change: Callable[[Daemon, End], None]) -> None:
    before = forwarded_by_the_kernel(daemon)
    change(daemon, end)
    found = result(receiving)
    by_the_kernel = forwarded_by_the_kernel(daemon) - before
    print(f"{CHANGES} changes, {COUNT} packets, {by_the_kernel} forwarded by the kernel: {found}")
    assert found == {"received": COUNT, "overtaken": 0, "missing": 0}
    # Both ways were taken.
    assert COUNT / 10 < by_the_kernel < COUNT * 0.99


@MANY
def test_none_into_a_tunnel(site: Site, workers: int) -> None:
    daemon, end = begin(site, workers)
    receiving = receiver(end.ends.home4, "net0", 4)
    program(site.core, "send", end.them, PORT, COUNT, MARK.hex(), "--rate", RATE)
    run(daemon, end, receiving, debug_again_and_again)


@MANY
@pytest.mark.parametrize(("kind", "change"), [("6in4", debug_again_and_again), ("gre", change_kinds_again_and_again)])
def test_none_out_of_a_tunnel(site: Site, workers: int, kind: Kind, change: Callable[[Daemon, End], None]) -> None:
    daemon, end = begin(site, workers, kind)
    receiving = receiver(site.core, "chtst01", 6)
    packet = bytes(end.wrap(IPv6(src=end.them, dst=SERVER) / UDP(sport=PORT, dport=PORT) / Raw(MARK + bytes(8))))
    program(end.ends.home4, "send", end.ends.pop(4), 0, COUNT, packet[:-8].hex(), "--rate", RATE)
    run(daemon, end, receiving, change)
