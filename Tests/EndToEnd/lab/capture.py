"""tcpdump on a link, and what tshark makes of it."""

from __future__ import annotations

from pathlib import Path

from .namespace import Namespace, run, wait_for

CHECKS = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]


class Capture:
    """Records one interface while the block runs.

    with Capture(pop, "net0") as capture:
        …
    rows = capture.rows("udp.port == 5072", "ayiya.opcode", …)
    """

    def __init__(self, namespace: Namespace, interface: str, name: str = "capture", expression: str = "") -> None:
        self._namespace = namespace
        self._interface = interface
        self._expression = expression
        self.file: Path = namespace.laboratory.folder / f"{name}-{namespace.short_name}-{interface}.pcap"

    def __enter__(self) -> Capture:
        # -Q inout, immediate: what was sent before the block ends is in the file.
        self._process = self._namespace.spawn(
            "tcpdump", "-i", self._interface, "-w", self.file, "-U", "--immediate-mode", "-s", 0, "-B", 16384,
            "-Z", "root", *self._expression.split(), name="tcpdump")
        process = self._process
        wait_for(lambda: "listening on" in process.output or not process.is_running, 5, "tcpdump")
        assert process.is_running, process.output
        return self

    def __exit__(self, *_: object) -> None:
        wait_for(self._is_quiet, 3, "the capture to settle", every=0.1)
        self._process.stop()

    def _is_quiet(self) -> bool:
        size = self.file.stat().st_size
        quiet = size == getattr(self, "_size", -1)
        self._size = size
        return quiet

    def wait_for(self, count: int, display_filter: str) -> None:
        """Waits until so many packets that match are in the file."""
        def seen() -> int:
            # A packet may be half written: tshark complains then, behind those that are whole.
            return len(run("tshark", "-n", "-r", self.file, "-Y", display_filter, check=False, timeout=60).stdout.splitlines())

        wait_for(lambda: seen() >= count, 10, f"{count} packets of {display_filter}", every=0.1)

    def rows(self, display_filter: str, *fields: str) -> list[dict[str, str]]:
        """One dictionary a matching packet; of several values of a field the first, that is the outermost."""
        options = [option for field in fields for option in ("-e", field)]
        text = run("tshark", "-n", "-r", self.file, *CHECKS, "-Y", display_filter, "-T", "fields",
                   "-E", "separator=/t", "-E", "occurrence=f", *options, timeout=60).stdout
        return [dict(zip(fields, line.split("\t"))) for line in text.splitlines()]

    def count(self, display_filter: str) -> int:
        return len(self.rows(display_filter, "frame.number"))

    def complaints(self, display_filter: str) -> list[str]:
        """What tshark finds malformed or wrongly summed among the matching packets."""
        bad = ("_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0"
               " || icmpv6.checksum.status == 0")
        rows = self.rows(f"({display_filter}) && ({bad})", "frame.number", "frame.protocols", "_ws.col.Info")
        return [" ".join(row.values()) for row in rows]
