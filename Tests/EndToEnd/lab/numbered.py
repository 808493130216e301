#!/usr/bin/python3
"""A flow of numbered packets, sent at a rate or received; a program of its own, so that the test beside it takes no time from it.

What was received is printed when all numbers have come, or nothing has come for a while: how many packets, how many of them came
after one that was sent later, how many are missing.
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import sys
import time

SO_RCVBUFFORCE, SO_SNDBUFFORCE = 33, 32
NUMBER = struct.Struct("!Q")
STEP = 0.001
# Nothing for so long, in seconds, and the flow is over.
SILENCE = 3.0


def sender_to(destination: str, port: int) -> tuple[socket.socket, tuple[str, int]]:
    """A socket for UDP over IPv6, or for whole IPv4 packets."""
    if ":" in destination:
        return socket.socket(socket.AF_INET6, socket.SOCK_DGRAM), (destination, port)
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW), (destination, 0)


def send(given: argparse.Namespace) -> None:
    """Sends the octets given and a number, `rate` times a second, `count` times."""
    sender, address = sender_to(given.address, given.port)
    sender.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
    begun = time.monotonic()
    sent = 0
    while sent < given.count:
        due = min(int((time.monotonic() - begun) * given.rate) + 1, given.count)
        for number in range(sent, due):
            sender.sendto(given.octets + NUMBER.pack(number), address)
        sent = due
        time.sleep(STEP)


def receiver_at(link: str, version: int) -> socket.socket:
    """A socket for all IP packets of a version that a link brings."""
    protocol = {4: 0x0800, 6: 0x86DD}[version]
    receiver = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(protocol))
    receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
    receiver.bind((link, protocol))
    return receiver


def receive(given: argparse.Namespace) -> None:
    """Receives until all numbers have come, or nothing for a while."""
    receiver = receiver_at(given.address, given.port)
    print("ready", flush=True)
    received, overtaken, latest = 0, 0, -1
    seen: set[int] = set()
    receiver.settimeout(10 * SILENCE)
    while len(seen) < given.count:
        try:
            octets = receiver.recv(65535)
        except TimeoutError:
            break
        receiver.settimeout(SILENCE)
        if given.octets not in octets:
            continue
        number = NUMBER.unpack(octets[-NUMBER.size:])[0]
        received += 1
        overtaken += number < latest
        latest = max(latest, number)
        seen.add(number)
    print(json.dumps({"received": received, "overtaken": overtaken, "missing": given.count - len(seen)}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["send", "receive"])
    parser.add_argument("address", help="to send: where UDP goes to over IPv6, or whole packets over IPv4; to receive: the link")
    parser.add_argument("port", type=int, help="to send: UDP's; to receive: the version of IP")
    parser.add_argument("count", type=int)
    parser.add_argument("octets", type=bytes.fromhex, help="what stands before the number")
    parser.add_argument("--rate", type=int, default=10_000)
    given = parser.parse_args()
    (send if given.what == "send" else receive)(given)


if __name__ == "__main__":
    sys.exit(main())
