"""A user of a PoP who means no good to its control port; a program of its own.

    local_user.py SECONDS

Holds as many idle sessions as it gets, announces texts and does not send them, sends texts of line ends, requests of HTTP,
binary data and commands that do not exist, and leaves before it can be asked who it is. What it did it prints
as JSON at the end.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import socket
import sys
import time
from collections import Counter

CONTROL = ("127.0.0.1", 42003)
IDLE = 150
DISABLE = b"tunnel set config 0 T1 198.18.20.1 disabled 1280\r\npop cliacl add 10.0.0.0/8 force\r\n"
NEWLINES = b"\n" * (1 << 20)
TEXTS = {
    "announced": b"config push 9 4194304 " + b"0" * 64 + b"\n",
    "line ends": b"config diff %d %s\n" % (len(NEWLINES), hashlib.sha256(NEWLINES).hexdigest().encode()) + NEWLINES,
    "http": b"POST / HTTP/1.1\r\nHost: 127.0.0.1:42003\r\nContent-Length: 100\r\n\r\n" + DISABLE,
    "tls": b"\x16\x03\x01\x02\x00\x01\x00" + os.urandom(500),
    "unknown": b"".join(b"x%d\n" % number for number in range(20)) + DISABLE,
    "long line": b"x" * 10_000,
    "nothing": b"",
}


class LocalUser:
    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.idle: list[socket.socket] = []

    def connect(self) -> socket.socket | None:
        connection = socket.socket()
        connection.settimeout(0.5)
        try:
            connection.connect(CONTROL)
        except OSError:
            self.count["not connected"] += 1
            connection.close()
            return None
        self.count["connected"] += 1
        return connection

    def fill(self) -> None:
        """Keeps the idle sessions that last, and opens others in the place of the rest."""
        lasting = []
        for connection in self.idle:
            connection.setblocking(False)
            try:
                gone = connection.recv(4096) == b""
            except BlockingIOError:
                gone = False
            except OSError:
                gone = True
            if gone:
                connection.close()
            else:
                lasting.append(connection)
        self.idle = lasting
        while len(self.idle) < IDLE and (connection := self.connect()):
            self.idle.append(connection)

    def bother(self) -> None:
        what = random.choice(list(TEXTS))
        self.count[what] += 1
        connection = self.connect()
        if connection is None:
            return
        with contextlib.suppress(OSError):
            connection.sendall(TEXTS[what])
        if what == "announced":
            # Held for as long as it is let.
            self.idle.append(connection)
        else:
            connection.close()

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.fill()
            for _ in range(50):
                self.bother()
        self.count["held at the end"] = len(self.idle)
        print(json.dumps(self.count))


if __name__ == "__main__":
    LocalUser().run(float(sys.argv[1]))
