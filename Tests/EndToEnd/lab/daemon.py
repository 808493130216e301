"""sixxsd in a namespace, and the control port as an operator's script would use it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from .accounts import GROUP, Accounts
from .namespace import Namespace, Process, wait_for
from .topology import PoPPlan

CONTROL = ("127.0.0.1", 42003)
# How many threads the daemons have; the gate runs the tests of packets again with two.
WORKERS = int(os.environ.get("SIXXS_WORKERS", "1"))
# Whether the kernel forwards plain packets by itself; the gate runs the tests of packets a third time with "auto".
FAST_PATH = os.environ.get("SIXXS_FAST_PATH", "off")


@dataclass(frozen=True)
class Reply:
    """An answer of the control port: its code, and the text or the lines."""

    code: int
    text: str
    lines: tuple[str, ...] | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.code < 300

    def __str__(self) -> str:
        return "\n".join([f"{self.code} {self.text}", *(self.lines or ())])


class ControlSession:
    """A conversation with the control port."""

    def __init__(self, namespace: Namespace, address: tuple[str, int] = CONTROL, timeout: float = 20) -> None:
        connection = namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        try:
            connection.connect(address)
            self._begin(connection)
        except BaseException:
            connection.close()
            raise

    @classmethod
    def over(cls, connection: socket.socket, timeout: float = 20) -> ControlSession:
        """A conversation over a connected socket, such as a UNIX one."""
        session = cls.__new__(cls)
        connection.settimeout(timeout)
        session._begin(connection)
        return session

    def _begin(self, connection: socket.socket) -> None:
        self._socket = connection
        self._file = connection.makefile("rb")
        self.greeting = self.read_reply()

    def __enter__(self) -> ControlSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def send(self, octets: bytes) -> None:
        self._socket.sendall(octets)

    def discard(self) -> None:
        """Reads whatever comes, until the daemon closes."""
        with contextlib.suppress(OSError):
            while self._socket.recv(1 << 16):
                pass

    def end(self) -> None:
        """Says that nothing more is sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def command(self, line: str) -> Reply:
        self.send(line.encode() + b"\n")
        return self.read_reply()

    def push(self, generation: int, text: str, digest: str | None = None, confirm: int | None = None,
             force: bool = False) -> Reply:
        """Sends a whole configuration as the centre does."""
        self.send_push(generation, text, digest, confirm, force)
        return self.read_reply()

    def send_push(self, generation: int, text: str, digest: str | None = None, confirm: int | None = None,
                  force: bool = False) -> None:
        """Sends the same, and does not wait for the answer."""
        octets = text.encode()
        digest = digest or hashlib.sha256(octets).hexdigest()
        tail = (f" confirm {confirm}" if confirm is not None else "") + (" force" if force else "")
        self.send(f"config push {generation} {len(octets)} {digest}{tail}\n".encode() + octets)

    def diff(self, text: str) -> Reply:
        """Asks what a push would change."""
        octets = text.encode()
        self.send(f"config diff {len(octets)} {hashlib.sha256(octets).hexdigest()}\n".encode() + octets)
        return self.read_reply()

    def read_reply(self) -> Reply:
        """Reads one reply: `<code> <text>`, or `<c>01 <n>`, n lines and `<code> OK`."""
        head = self._line()
        code, _, text = head.partition(" ")
        if not re.fullmatch(r"\d01", code) or not text.isdigit():
            return Reply(int(code), text)
        lines = tuple(self._line() for _ in range(int(text)))
        code, _, text = self._line().partition(" ")
        return Reply(int(code), text, lines)

    def _line(self) -> str:
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError(f"the control port closed the connection after {line!r}")
        return line.rstrip(b"\r\n").decode()


@dataclass(frozen=True)
class Balance:
    """What became of every packet that entered, as `pop show threads` says."""

    received: int
    forwarded: int
    answered: int
    consumed: int
    dropped: int
    reasons: dict[str, int]

    @property
    def is_even(self) -> bool:
        """Whether what came in is what went on, was answered, was consumed or was dropped for a reason."""
        spent = self.forwarded + self.answered + self.consumed + self.dropped
        return self.received == spent and self.dropped == sum(self.reasons.values())


@dataclass(frozen=True)
class TunnelLine:
    """One tunnel of a configuration."""

    tid: int
    number: int
    remote: str
    mtu: int = 1280
    password: str = ""
    state: str = "up"

    def __str__(self) -> str:
        return f"config {self.tid:x} T{self.number} {self.remote} {self.state} {self.mtu} {self.password}".rstrip()


def configuration(plan: PoPPlan, tunnels: list[TunnelLine] = [], subnets: list[tuple[str, int]] = [],
                  beat_timeout: int | None = None, extra: str = "") -> str:
    """The text of a `sixxsd.conf`."""
    lines = ["pop", "\tset", f"\t\tdetails {plan.id} {plan.name} {plan.ipv4} {plan.ipv6}", f"\t\tid {plan.id}"]
    if beat_timeout is not None:
        lines.append(f"\t\tbeat-timeout {beat_timeout}")
    lines += ["\tend", f"\ttunnelprefix add {plan.tunnel_prefix}"]
    lines += [f"\tsubnetprefix add {prefix}" for prefix in plan.subnet_prefixes]
    lines += ["\tcliacl", "\t\treset", "\t\tadd ::1", "\t\tadd 127.0.0.1", "\tend", "end"]
    lines += ["tunnel", "\tset", *(f"\t\t{tunnel}" for tunnel in tunnels), "\tend", "end"]
    if subnets:
        rows = [f"\t\tconfig {prefix} {tid:x} static" for prefix, tid in subnets]
        lines += ["subnet", "\tset", *rows, "\tend", "end"]
    return "\n".join(lines) + "\n" + extra


class Daemon:
    """One sixxsd."""

    def __init__(self, namespace: Namespace, program: Path, text: str, name: str = "sixxsd", tun: str = "sixxs",
                 control: str = "127.0.0.1:42003") -> None:
        self.namespace = namespace
        self.program = program
        self.tun = tun
        self.control = control
        self.name = name
        folder = namespace.laboratory.folder / f"{name}-{namespace.short_name}"
        folder.mkdir(mode=0o777, exist_ok=True)
        folder.chmod(0o777)
        self.socket_path = folder / "control.sock"
        self.file = folder / "sixxsd.conf"
        self.file.write_text(text)
        self.process: Process | None = None
        # What stands in front of the program's name, and behind its options.
        self.prefix: list[str] = []
        self.options: list[str] = []
        self.accounts: Accounts | None = None

    def let_centre_in(self) -> Daemon:
        """Has it know the account that the centre's SSH connections come from, and whose group that is."""
        self.accounts = Accounts(self.namespace.laboratory)
        return self

    @property
    def argv(self) -> list[str]:
        group = ["--control-group", GROUP] if self.accounts else []
        argv = [*self.prefix, str(self.program), "--config", str(self.file), "--tun", self.tun, "--control",
                self.control, "--socket", str(self.socket_path), "--foreground", *self._workers, *group, *self.options]
        return self.accounts.within(*argv) if self.accounts else argv

    @property
    def _workers(self) -> list[str]:
        fast_path = [] if FAST_PATH == "off" else ["--fast-path", FAST_PATH]
        return fast_path if WORKERS == 1 else [*fast_path, "--workers", str(WORKERS)]

    def launch(self) -> Process:
        """Starts it without waiting for anything."""
        self.process = self.namespace.spawn(*self.argv, name=self.name)
        return self.process

    def start(self, timeout: float = 10) -> Daemon:
        """Starts it and waits until the control port answers."""
        process = self.launch()
        what = f"{self.name} in {self.namespace} to answer"
        wait_for(lambda: self.answers() or not process.is_running, timeout, what)
        if not process.is_running:
            raise RuntimeError(f"{self.name} ended with {process.exit_code}: {process.output[-2000:]}")
        self.namespace.laboratory.on_check(self.check_balance)
        return self

    def balance(self) -> Balance:
        """Adds up what became of the packets of all workers."""
        sums: dict[str, int] = {}
        reasons: dict[str, int] = {}
        for line in self.command("pop show threads").lines or ():
            if not line.startswith("worker"):
                continue
            _, _, *words = line.split()
            if words[0] == "dropped":
                reasons[words[1]] = reasons.get(words[1], 0) + int(words[2])
            else:
                for name, number in zip(words[::2], words[1::2]):
                    sums[name] = sums.get(name, 0) + int(number)
        return Balance(reasons=reasons, **sums)

    def check_balance(self) -> None:
        """Holds a daemon that still runs, and speaks to us, to the conservation of packets."""
        if not self.is_running:
            return
        try:
            balance = self.balance()
        except (OSError, ValueError):
            return
        assert balance.is_even, f"{self.name} in {self.namespace} lost count: {balance}"

    def answers(self) -> bool:
        try:
            self.session(timeout=1).close()
            return True
        except (OSError, ValueError):
            return False

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.is_running

    @property
    def log(self) -> str:
        return self.process.output if self.process else ""

    def stop(self) -> int:
        assert self.process is not None
        return self.process.stop()

    def kill(self) -> int:
        assert self.process is not None
        return self.process.kill()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.signal(number)

    def session(self, timeout: float = 20) -> ControlSession:
        host, _, port = self.control.rpartition(":")
        return ControlSession(self.namespace, (host, int(port)), timeout)

    def unix_session(self) -> ControlSession:
        """A conversation over the UNIX socket, where passwords are shown."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(self.socket_path))
        return ControlSession.over(connection)

    def command(self, line: str) -> Reply:
        with self.session() as session:
            return session.command(line)

    def push(self, generation: int, text: str, **options: object) -> Reply:
        with self.session() as session:
            return session.push(generation, text, **options)  # type: ignore[arg-type]

    def digest(self) -> str:
        """What `config digest` says of the running configuration, without when it was applied."""
        reply = self.command("config digest")
        found = re.search(r"sha256 ([0-9a-f]{64})", reply.text)
        assert found, str(reply)
        return found[1]

    def is_on_trial(self) -> bool:
        """Whether what runs waits to be confirmed; if so it is confirmed now."""
        generation = self.command("config digest").text.split()[1]
        return self.command(f"config confirm {generation}").code != 404

    def report(self) -> dict:
        reply = self.command("pop report")
        assert reply.is_success and reply.lines, str(reply)
        return json.loads("".join(reply.lines))

    def tunnel(self, number: int) -> dict:
        """A tunnel's part of the report."""
        return next(entry for entry in self.report()["tunnels"] if entry["tunnel"] == f"T{number}")

    def state(self, number: int) -> str:
        return self.tunnel(number)["state"]

    def errors(self, number: int) -> dict[str, int]:
        return self.tunnel(number).get("errors") or {}

    def wait_for_state(self, number: int, state: str, timeout: float = 20) -> None:
        wait_for(lambda: self.state(number) == state, timeout, f"T{number} to be {state}", every=0.05)

    def wait_for_error(self, number: int, name: str, at_least: int = 1, timeout: float = 3) -> int:
        """Waits until a tunnel has counted an error, and returns the count."""
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: self.errors(number).get(name, 0) >= at_least, timeout, name, every=0.05)
        count = self.errors(number).get(name, 0)
        assert count >= at_least, f"{name}: {count}, wanted {at_least}; errors: {self.errors(number)}"
        return count

    def status(self) -> dict[str, tuple[int, int, int]]:
        """`pop show status` by type: online, active, configured."""
        rows = {}
        for line in self.command("pop show status").lines or ():
            word, *numbers = line.split()
            rows[word] = tuple(int(number) for number in numbers)
        return rows  # type: ignore[return-value]

    def uptime(self) -> float:
        return float(self.report()["uptime"])


def now() -> int:
    """Seconds since 1970, as both protocols carry them."""
    return int(time.time())
