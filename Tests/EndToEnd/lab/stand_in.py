"""A server that stands in for a daemon: it says what a test tells it to, or relays until a moment comes."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable

from .namespace import Namespace

Script = Callable[["StandIn", socket.socket], None]
GREETING = b"200 chtst01 sixxsd 0.1.0\n"


class StandIn:
    """A server that does what a script says to everyone who connects, each on a thread of its own."""

    def __init__(self, namespace: Namespace, script: Script, family: int = socket.AF_INET, port: int = 0) -> None:
        self.namespace = namespace
        self.script = script
        self.sent = 0
        self.heard = b""
        self._listener = namespace.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
        self._listener.listen()
        self.port: int = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._serve)]

    def __enter__(self) -> StandIn:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> StandIn:
        """Serves until the laboratory closes, or `close`."""
        self.namespace.laboratory.on_close(self.close)
        return self.__enter__()

    def close(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def send(self, connection: socket.socket, octets: bytes) -> None:
        connection.sendall(octets)
        self.sent += len(octets)

    def hear(self, connection: socket.socket) -> bytes:
        """Reads a command, or what there is of it."""
        octets = connection.recv(65536)
        self.heard += octets
        return octets

    def wait(self, seconds: float | None = None) -> bool:
        """Waits, and says whether the test is over."""
        return self._over.wait(seconds)

    def drip(self, connection: socket.socket, octets: bytes) -> None:
        """Sends an octet a second, until the test is over."""
        for octet in octets:
            self.send(connection, bytes([octet]))
            if self.wait(1):
                return

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._attend, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _attend(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            self.script(self, connection)


def reset(connection: socket.socket) -> None:
    """Lets the connection end with a reset when it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class CutPush:
    """A script that relays to a real daemon until somebody pushes; then the accident happens, once.

    `there`: the daemon has got half of the text. Otherwise it has got all, and its answer does not get back.
    """

    def __init__(self, daemon: tuple[str, int], there: bool, accident: Script) -> None:
        self.daemon = daemon
        self.there = there
        self.accident = accident
        self.happened = threading.Event()

    def __call__(self, stand_in: StandIn, connection: socket.socket) -> None:
        with stand_in.namespace.socket(socket.AF_INET, socket.SOCK_STREAM) as daemon:
            daemon.settimeout(20)
            daemon.connect(self.daemon)
            while not stand_in.wait(0):
                for ready in select.select([connection, daemon], [], [], 0.1)[0]:
                    octets = ready.recv(65536)
                    if not octets:
                        return
                    if ready is connection and not self.happened.is_set() and b"config push" in octets:
                        self._cut(connection, daemon, octets[octets.index(b"config push"):])
                        return self.accident(stand_in, connection)
                    (daemon if ready is connection else connection).sendall(octets)

    def _cut(self, connection: socket.socket, daemon: socket.socket, octets: bytes) -> None:
        while b"\n" not in octets:
            octets += connection.recv(65536)
        head, line_end, text = octets.partition(b"\n")
        length = int(head.split()[3])
        while len(text) < length:
            text += connection.recv(65536)
        daemon.sendall(head + line_end + text[:length // 2])
        if not self.there:
            daemon.sendall(text[length // 2:length])
            daemon.recv(65536)
        self.happened.set()
