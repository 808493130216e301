"""AYIYA datagrams and heartbeats, written from the specification and not from the daemon."""

from __future__ import annotations

import hashlib
import socket
import struct
import time

AYIYA_PORT = 5072
HEARTBEAT_PORT = 3740

NOOP, FORWARD, ECHO_REQUEST, ECHO_REQUEST_AND_FORWARD, ECHO_RESPONSE = range(5)
IPV4, IPV6, NO_NEXT_HEADER = 4, 41, 59

HEADER_LENGTH = 44


def ayiya(identity: str, password: str, payload: bytes = b"", opcode: int | None = None, next_header: int | None = None,
          when: int | None = None) -> bytes:
    """A signed datagram; without a payload the noop that keeps a tunnel up."""
    opcode = opcode if opcode is not None else (FORWARD if payload else NOOP)
    next_header = next_header if next_header is not None else (IPV6 if payload else NO_NEXT_HEADER)
    seconds = int(time.time()) if when is None else when
    head = struct.pack("!BBBBI", 0x41, 0x52, 0x10 | opcode, next_header, seconds)
    head += socket.inet_pton(socket.AF_INET6, identity)
    secret = hashlib.sha1(password.encode()).digest()
    return head + hashlib.sha1(head + secret + payload).digest() + payload


def ayiya_is_signed(datagram: bytes, password: str) -> bool:
    """Checks a datagram's signature."""
    secret = hashlib.sha1(password.encode()).digest()
    return hashlib.sha1(datagram[:24] + secret + datagram[44:]).digest() == datagram[24:44]


def heartbeat(identity: str, password: str, sender: str = "sender", when: int | None = None) -> bytes:
    """A heartbeat datagram."""
    seconds = int(time.time()) if when is None else when
    text = f"HEARTBEAT TUNNEL {identity} {sender} {seconds} "
    return (text + hashlib.md5((text + password).encode()).hexdigest()).encode()
