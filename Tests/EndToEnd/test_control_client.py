"""`sixxsd control`: a person at a terminal, and a script.

    chtst01 alone, its TUN device in a namespace
"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time

import pytest

from lab.daemon import Daemon, TunnelLine
from lab.site import PASSWORD, Site

TUNNELS = (TunnelLine(1, 5072, "ayiya", 1280, PASSWORD), TunnelLine(2, 3740, "heartbeat", 1280, PASSWORD))


def control(daemon: Daemon, *argv: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs it over the UNIX socket."""
    return subprocess.run([str(daemon.program), "control", "--socket", str(daemon.socket_path), *map(str, argv)],
                          input=stdin, capture_output=True, text=True, timeout=20, check=False)


def test_commands_print_what_was_asked_for(site: Site) -> None:
    daemon = site.daemon(*TUNNELS)
    result = control(daemon, "-c", "pop get name", "-c", "tunnel list")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "chtst01" and [line.split()[0] for line in lines[1:]] == ["T5072", "T3740"]
    over_tcp = daemon.namespace.run(daemon.program, "control", "--address", "127.0.0.1:42003", "-c", "pop get name")
    assert over_tcp.stdout == "chtst01\n"


def test_lines_of_standard_input_end_at_the_first_that_fails(site: Site) -> None:
    daemon = site.daemon(*TUNNELS)
    result = control(daemon, stdin="pop\nget name\n# a comment\n\n/\ntunnel set mtu T9 1400\npop shutdown\n")
    assert result.returncode == 1 and "chtst01" in result.stdout
    assert result.stderr.startswith("tunnel set mtu T9 1400: 4") and result.stderr.count("\n") == 1, result.stderr
    assert daemon.is_running and daemon.answers()
    assert control(daemon, stdin="exit\npop shutdown\n").returncode == 0 and daemon.answers()


def test_texts_come_from_files(site: Site) -> None:
    daemon = site.daemon(*TUNNELS)
    text = control(daemon, "-c", "config show").stdout
    file = site.laboratory.folder / "new.conf"
    file.write_text(text.replace("1280", "1400"))
    difference = control(daemon, "-c", f"config diff {file}")
    assert difference.returncode == 0 and "~tunnel T5072: mtu 1280 -> 1400" in difference.stdout
    assert PASSWORD not in difference.stdout
    pushed = control(daemon, "-c", f"config push 3 {file}")
    assert pushed.stdout.startswith("generation 3 applied: tunnels +0 ~2 -0"), pushed
    assert control(daemon, "-c", f"config push 2 {file.with_name('none')}").returncode == 1


def test_who_is_not_there_is_named_with_what_to_do(site: Site) -> None:
    daemon = site.daemon(*TUNNELS)
    daemon.stop()
    gone = control(daemon, "-c", "pop get name")
    assert gone.returncode == 1 and gone.stdout == ""
    assert gone.stderr == (f"sixxsd control: no answer at {daemon.socket_path}: No such file or directory; does sixxsd run "
                           "(systemctl status sixxsd), and with this --socket or --control?\n")
    assert control(daemon, "--address", "127.0.0.1:1").returncode == 2, "one or the other"


class Terminal:
    """The program at a terminal, and what somebody types."""

    def __init__(self, daemon: Daemon) -> None:
        self.seen = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execv(daemon.program, [str(daemon.program), "control", "--socket", str(daemon.socket_path)])

    def type(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    def wait(self, pattern: str, timeout: float = 10) -> None:
        """Reads until something is seen, and forgets that and what was before it."""
        end = time.monotonic() + timeout
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < end, f"no {pattern!r} in {self.seen!r}"
            if select.select([self.descriptor], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.descriptor, 65536).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"ended before {pattern!r}: {self.seen!r}") from None
        self.seen = self.seen[found.end():]

    def end(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_a_person_has_a_prompt_history_and_completion(site: Site) -> None:
    daemon = site.daemon(*TUNNELS)
    terminal = Terminal(daemon)
    terminal.wait(r"help lists commands, exit ends(.|\n)*chtst01> ")
    terminal.type("pop\r")
    terminal.wait(r"chtst01 /pop> ")
    # Completed by Tab: uptime, below the menu show.
    terminal.type("sho\tup\t\r")
    terminal.wait(r"\d+ days? |\d+ d |\d+:\d\d")
    terminal.wait(r"chtst01 /pop> ")
    terminal.type("/\rtunnel show T50\t\r")
    terminal.wait(r"Inner Us(.|\n)*chtst01> ")
    # Up, twice: the line before that.
    terminal.type("nonsense\r")
    terminal.wait(r"404 .*(.|\n)*chtst01> ")
    terminal.type("\x1b[A\x1b[A\r")
    terminal.wait(r"Inner Us(.|\n)*chtst01> ")
    terminal.type("exit\r")
    assert terminal.end() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_who_may_not_is_told_why(site: Site) -> None:
    daemon = site.daemon(*TUNNELS)
    result = daemon.namespace.run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", daemon.program, "control",
                                  "--address", "127.0.0.1:42003", "-c", "pop get name", check=False)
    assert result.returncode == 1 and "the daemon refuses this user: 403" in result.stderr, result
