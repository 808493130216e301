"""A program at a terminal of a size, and what somebody sees and types there."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence

# What moves the cursor, clears, or colours (ECMA-48 CSI).
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Screen:
    """Runs a program on a terminal of its own."""

    def __init__(self, argv: Sequence[object], environment: Mapping[str, str], columns: int = 80, lines: int = 24) -> None:
        self.seen = ""
        self._master, end = os.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        variables = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self._process = subprocess.Popen([str(word) for word in argv], stdin=end, stdout=end, stderr=end,
                                         env={**variables, "TERM": "xterm"}, start_new_session=True)
        os.close(end)

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def wait(self, pattern: str, timeout: float = 20) -> None:
        """Reads until something is seen."""
        until = time.monotonic() + timeout
        while not re.search(pattern, self.seen):
            assert time.monotonic() < until and self._read(0.1), f"no {pattern!r} in {self.seen!r}"

    def end(self, timeout: float = 30) -> int:
        """Reads until the program ends, and returns its exit status."""
        until = time.monotonic() + timeout
        while time.monotonic() < until and self._read(0.1):
            pass
        os.close(self._master)
        return self._process.wait(max(0.1, until - time.monotonic()))

    def stop(self) -> None:
        self._process.terminate()
        self.end()

    @property
    def text(self) -> str:
        """What was written, without control sequences."""
        return CONTROL.sub("", self.seen).replace("\r\n", "\n")

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            octets = os.read(self._master, 65536)
        except OSError:
            return False
        self.seen += octets.decode(errors="replace")
        return bool(octets)
