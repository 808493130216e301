"""Packets sent at a steady rate, many with one system call."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lab.bulk import SO_SNDBUFFORCE
from lab.namespace import Namespace

BURST = 32
# Shorter waits are spent in a loop, since a sleep would take longer.
LEAST_SLEEP = 0.0002

_libc = ctypes.CDLL(None, use_errno=True)


class _IOVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class _Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = [("name", ctypes.c_void_p), ("name_length", ctypes.c_uint32), ("iov", ctypes.c_void_p),
                ("iov_length", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t),
                ("flags", ctypes.c_long), ("sent", ctypes.c_ulong)]


class Sender:
    """Sends whole IP packets in turn from a host."""

    def __init__(self, host: Namespace, packets: list[bytes]) -> None:
        family = socket.AF_INET6 if packets[0][0] >> 4 == 6 else socket.AF_INET
        self._socket = host.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
        self._octets = ctypes.create_string_buffer(b"".join(packets))
        names = [_name(packet) for packet in packets]
        self._names = ctypes.create_string_buffer(b"".join(names))
        self._vectors = (_IOVec * len(packets))()
        self._messages = (_Message * len(packets))()
        self._count = len(packets)
        self._point_at(packets, len(names[0]))
        self._next = 0

    def _point_at(self, packets: list[bytes], name_length: int) -> None:
        octets, names = ctypes.addressof(self._octets), ctypes.addressof(self._names)
        vectors = ctypes.addressof(self._vectors)
        for number, packet in enumerate(packets):
            self._vectors[number] = _IOVec(octets, len(packet))
            self._messages[number] = _Message(names + number * name_length, name_length,
                                              vectors + number * ctypes.sizeof(_IOVec), 1)
            octets += len(packet)

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def burst(self, most: int = BURST) -> int:
        """Sends the next packets with one system call, and returns how many."""
        count = min(most, self._count - self._next)
        start = ctypes.addressof(self._messages) + self._next * ctypes.sizeof(_Message)
        sent = _libc.sendmmsg(self._socket.fileno(), ctypes.c_void_p(start), count, 0)
        if sent < 0:
            raise OSError(ctypes.get_errno(), "sendmmsg")
        self._next = (self._next + sent) % self._count
        return sent

    def send(self, rate: float, seconds: float, burst: int = BURST) -> tuple[int, float]:
        """Sends at so many packets a second, some at a time; returns how many went, and in what time."""
        start = time.perf_counter()
        sent = 0
        while (now := time.perf_counter() - start) < seconds:
            ahead = sent / rate - now
            if ahead > LEAST_SLEEP:
                time.sleep(ahead - LEAST_SLEEP / 2)
            elif ahead <= 0:
                sent += self.burst(burst)
        return sent, time.perf_counter() - start

    def send_each(self) -> None:
        """Sends each packet once, so slowly that no queue is full."""
        self._next = 0
        left = self._count
        while left:
            left -= self.burst(min(BURST, left))
            time.sleep(0.001)


@contextmanager
def load(sender: Sender, rate: float, burst: int = BURST) -> Iterator[None]:
    """Sends from a process of its own meanwhile."""
    parent = os.getpid()

    def work() -> None:
        while os.getppid() == parent:
            sender.send(rate, 1, burst)

    process = multiprocessing.get_context("fork").Process(target=work, daemon=True)
    process.start()
    try:
        yield
        if not process.is_alive():
            raise RuntimeError("the sender of the load has ended")
    finally:
        process.kill()
        process.join()


def _name(packet: bytes) -> bytes:
    """The socket address of a packet's destination."""
    if packet[0] >> 4 == 6:
        return struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, packet[24:40], 0)
    return struct.pack("=HH4s8x", socket.AF_INET, 0, packet[16:20])
