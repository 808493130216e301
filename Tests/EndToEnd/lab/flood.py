#!/usr/bin/python3
"""A sender that knows no mercy: one packet again and again, as fast as one process can.

A program of its own, so that the test beside it is slowed down by no more than the machine's share.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys
from typing import NoReturn

# A program has no package: what it needs of lab/bulk.py it says itself.
SOL_UDP, UDP_SEGMENT, SO_SNDBUFFORCE = 17, 103, 32
MOST_OCTETS, MOST_SEGMENTS = 60_000, 64
# The others are to get what they need of a machine that other tests run on too.
NICENESS = 5


def send_for_ever(sender: socket.socket, octets: bytes, destination: tuple[str, int]) -> NoReturn:
    while True:
        # A full queue, or a link that is down: nothing that would make it stop.
        with contextlib.suppress(OSError):
            sender.sendto(octets, destination)


def raw(_: str, destination: str, __: int, packet: bytes) -> NoReturn:
    """Whole IPv4 packets."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        send_for_ever(sender, packet, (destination, 0))


def runs(source: str, destination: str, port: int, payload: bytes) -> NoReturn:
    """UDP datagrams, as many as the kernel takes with one message, which stay together on links that can do so."""
    family = socket.AF_INET6 if ":" in destination else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
        sender.bind((source, 40000))
        sender.setsockopt(SOL_UDP, UDP_SEGMENT, len(payload))
        send_for_ever(sender, payload * min(MOST_OCTETS // len(payload), MOST_SEGMENTS), (destination, port))


def main() -> NoReturn:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=["raw", "runs"])
    parser.add_argument("source")
    parser.add_argument("destination")
    parser.add_argument("port", type=int)
    parser.add_argument("octets", type=bytes.fromhex)
    given = parser.parse_args()
    os.nice(NICENESS)
    send = raw if given.kind == "raw" else runs
    send(given.source, given.destination, given.port, given.octets)


if __name__ == "__main__":
    sys.exit(main())
