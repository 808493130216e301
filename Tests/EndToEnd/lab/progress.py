"""Progress of a demonstration: one line a step, with a mark and the time it took."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable


class Stop(Exception):
    """A step failed without which the rest is pointless."""


class Progress:
    """Runs steps, prints how each went and keeps the totals."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self._started = time.monotonic()
        self._colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        spoken = (sys.stdout.encoding or "ascii").lower().startswith("utf")
        self._marks = ("✓", "✗") if spoken else ("ok", "FAILED")

    def heading(self, text: str) -> None:
        print(f"\n{self._coloured(text, '1')}", flush=True)

    def step(self, text: str, action: Callable[[], object], needed: bool = False) -> object:
        """Runs `action`; it fails by raising, or by returning False. A returned text is shown."""
        begun = time.monotonic()
        try:
            result = action()
            reason = "" if result is not False else "no"
        except Exception as error:  # noqa: BLE001 (whatever happened, the line says it)
            result, reason = False, str(error) or type(error).__name__
        self._line(text, result, reason, time.monotonic() - begun)
        if result is False and needed:
            raise Stop(text)
        return result

    def totals(self) -> None:
        seconds = time.monotonic() - self._started
        print(f"\n{seconds:.0f} s\n{self.passed} passed, {self.failed} failed", flush=True)

    def _line(self, text: str, result: object, reason: str, seconds: float) -> None:
        good = result is not False
        self.passed += good
        self.failed += not good
        mark = self._coloured(self._marks[0 if good else 1], "32" if good else "31")
        shown = result if isinstance(result, str) else ""
        print(f"  {mark} {text:<56} {shown:>18} {seconds:7.2f} s", flush=True)
        if reason:
            print("      " + reason.replace("\n", "\n      "), flush=True)

    def _coloured(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colours else text
