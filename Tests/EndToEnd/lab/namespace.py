"""Network namespaces, and the promise that nothing of them stays.

A `Laboratory` owns everything that a run makes: namespaces (`sx<pid>-<name>`), processes, and one
folder in /tmp. `close` removes it all; it runs after exceptions, at exit, and after SIGINT, SIGTERM
and SIGHUP when `exit_on_signals` was called. What a run left that was killed with SIGKILL is found by
the next one, because its process id and start time are in its folder.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

CLONE_NEWNET = 0x40000000
ROOT = Path("/tmp")
NAME_OF_RUN = re.compile(r"sx\d+(?:\.\d+)?")
IP = shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin") or "ip"

_libc = ctypes.CDLL(None, use_errno=True)
_open: list[Laboratory] = []
_count = 0

# A host that may be judged after a second, not after duplicate address detection.
SYSCTLS = {
    "net.ipv6.conf.all.accept_dad": "0",
    "net.ipv6.conf.default.accept_dad": "0",
    "net.ipv6.conf.default.dad_transmits": "0",
    "net.ipv6.conf.default.router_solicitations": "0",
    "net.ipv6.conf.default.accept_ra": "0",
    "net.ipv6.icmp.ratelimit": "0",
    "net.ipv4.icmp_ratelimit": "0",
}


class CommandFailed(Exception):
    """A command of the laboratory exited with something else than 0."""

    def __init__(self, argv: list[str], result: subprocess.CompletedProcess[str]) -> None:
        said = (result.stderr.strip() or result.stdout.strip())[-2000:]
        super().__init__(f"{' '.join(argv)}: exit {result.returncode}: {said}")
        self.result = result


def run(*argv: object, check: bool = True, timeout: float = 30, input: str | None = None,
        env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end and returns what it said."""
    words = [str(word) for word in argv]
    result = subprocess.run(words, check=False, capture_output=True, text=True, errors="replace", timeout=timeout,
                            input=input, env=env, stdin=subprocess.DEVNULL if input is None else None)
    if check and result.returncode != 0:
        raise CommandFailed(words, result)
    return result


def wait_for(condition: Callable[[], object], timeout: float, what: str, every: float = 0.02) -> object:
    """Waits until `condition` is true and returns its value; raises TimeoutError naming `what`."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:g} s for {what}")
        time.sleep(every)
    return value


class Process:
    """A program that runs in a namespace, with both its outputs in one log file."""

    def __init__(self, name: str, argv: list[str], log: Path, env: dict[str, str] | None = None) -> None:
        self.name = name
        self.argv = argv
        self.log = log
        with log.open("ab") as output:
            # A session of its own: a Ctrl-C at the terminal is for the laboratory, which stops all in order.
            self._popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                           start_new_session=True, env=env)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        return self._popen.poll()

    @property
    def is_running(self) -> bool:
        return self.exit_code is None

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def signal(self, number: int) -> None:
        if self.is_running:
            self._popen.send_signal(number)

    def wait(self, timeout: float = 10) -> int:
        return self._popen.wait(timeout)

    def kill(self) -> int:
        """Ends it as a power cut would."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self, timeout: float = 5) -> int:
        """Asks it to end, insists after `timeout`, and returns its exit code."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            return self.kill()


class Namespace:
    """One host: a network namespace of its own."""

    def __init__(self, laboratory: Laboratory, name: str) -> None:
        self.laboratory = laboratory
        self.short_name = name
        self.name = f"{laboratory.run_id}-{name}"
        self._started = 0
        run(IP, "netns", "add", self.name)
        self.ip("link set lo up")
        self.sysctl(SYSCTLS)

    def __repr__(self) -> str:
        return self.name

    def within(self, *argv: object) -> list[str]:
        """The command that runs `argv` here; it becomes that program, with the same process id."""
        return [IP, "netns", "exec", self.name, *(str(word) for word in argv)]

    def run(self, *argv: object, **options: object) -> subprocess.CompletedProcess[str]:
        return run(*self.within(*argv), **options)  # type: ignore[arg-type]

    def ip(self, *lines: str) -> None:
        """Runs `ip` commands, one a line, in one process."""
        run(IP, "-n", self.name, "-batch", "-", input="\n".join(lines) + "\n")

    def show(self, *argv: object) -> object:
        """What `ip -json` answers."""
        return json.loads(run(IP, "-n", self.name, "-json", *argv, check=False).stdout or "[]")

    def sysctl(self, settings: dict[str, str]) -> None:
        with self.entered():
            for key, value in settings.items():
                Path("/proc/sys", *key.split(".")).write_text(value)

    def nft(self, rules: str) -> None:
        self.run("nft", "-f", "-", input=rules + "\n")

    def spawn(self, *argv: object, name: str | None = None, env: dict[str, str] | None = None) -> Process:
        """Starts a program here that the laboratory will stop."""
        self._started += 1
        word = name or Path(str(argv[0])).name
        log = self.laboratory.logs / f"{self.short_name}-{word}-{self._started}.log"
        process = Process(f"{self.short_name} {word}", self.within(*argv), log, env)
        self.laboratory.processes.append(process)
        return process

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Sockets that this thread opens in the block belong to this namespace, also afterwards."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{self.name}", "rb") as here:
            _enter(here.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())

    def socket(self, *arguments: int) -> socket.socket:
        with self.entered():
            return socket.socket(*arguments)

    def has_interface(self, name: str) -> bool:
        return run(IP, "-n", self.name, "link", "show", "dev", name, check=False).returncode == 0

    def pids(self) -> list[int]:
        return _pids(self.name)


class Laboratory:
    """Owns namespaces, processes and a folder, and removes them all."""

    def __init__(self) -> None:
        global _count
        _count += 1
        remove_leftovers()
        self.run_id = f"sx{os.getpid()}" + (f".{_count}" if _count > 1 else "")
        self.folder = ROOT / self.run_id
        self.logs = self.folder / "logs"
        self.logs.mkdir(parents=True)
        _write_owner(self.folder)
        self.namespaces: dict[str, Namespace] = {}
        self.processes: list[Process] = []
        self._checks: list[Callable[[], None]] = []
        self._cleanups: list[Callable[[], None]] = []
        _open.append(self)

    def __enter__(self) -> Laboratory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def namespace(self, name: str) -> Namespace:
        """Makes a host."""
        made = Namespace(self, name)
        self.namespaces[name] = made
        return made

    def link(self, a: Namespace, name_a: str, b: Namespace, name_b: str, mtu: int = 1500) -> None:
        """Lays a cable between two hosts."""
        run(IP, "link", "add", "name", name_a, "mtu", mtu, "netns", a.name,
            "type", "veth", "peer", "name", name_b, "mtu", mtu, "netns", b.name)
        a.ip(f"link set {name_a} up")
        b.ip(f"link set {name_b} up")

    def bridge(self, namespace: Namespace, name: str, ports: list[str]) -> None:
        """Makes a switch of a host's cables."""
        namespace.ip(f"link add {name} type bridge", *(f"link set {port} master {name}" for port in ports),
                     f"link set {name} up")

    def on_check(self, action: Callable[[], None]) -> None:
        """Adds something that must hold when a test is over."""
        self._checks.append(action)

    def check(self) -> None:
        """Judges what every test leaves, while all still runs."""
        for action in self._checks:
            action()

    def on_close(self, action: Callable[[], None]) -> None:
        self._cleanups.append(action)

    def keep(self) -> None:
        """Leaves everything running when this process ends; `tear_down` removes it later."""
        (self.folder / "kept").touch()
        _open.remove(self)

    def tail_of_logs(self, lines: int = 40) -> dict[str, str]:
        """The last lines that each program wrote."""
        tails = {}
        for log in sorted(self.logs.glob("*.log")):
            text = log.read_text(errors="replace").splitlines()
            if text:
                tails[log.stem] = "\n".join(text[-lines:])
        return tails

    def close(self) -> None:
        """Stops and removes everything. Signals wait until it is done."""
        if self not in _open:
            return
        with _signals_ignored():
            _open.remove(self)
            for action in reversed(self._cleanups):
                with contextlib.suppress(Exception):
                    action()
            self._stop_processes()
            _remove_namespaces(self.run_id)
            shutil.rmtree(self.folder, ignore_errors=True)

    def remains(self) -> list[str]:
        """Names of what is still there: nothing, after `close`."""
        names = [path.name for path in Path("/run/netns").glob(f"{self.run_id}-*")]
        running = [process.name for process in self.processes if process.is_running]
        return names + running + ([str(self.folder)] if self.folder.exists() else [])

    def _stop_processes(self) -> None:
        running = [process for process in self.processes if process.is_running]
        for process in running:
            process.signal(signal.SIGTERM)
            process.signal(signal.SIGCONT)
        deadline = time.monotonic() + 2
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.01, deadline - time.monotonic()))
        for process in running:
            process.kill()


def exit_on_signals() -> None:
    """Turns SIGTERM and SIGHUP into an exit that tears down first, as Ctrl-C does."""
    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    # Under nohup it stays ignored.
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, leave)


def open_laboratories() -> list[Laboratory]:
    return list(_open)


def close_all() -> None:
    for laboratory in list(_open):
        laboratory.close()


def tear_down(run_id: str) -> bool:
    """Removes a kept run; says whether there was one."""
    folder = ROOT / run_id
    if not NAME_OF_RUN.fullmatch(run_id) or not (folder / "owner.json").exists():
        return False
    with _signals_ignored():
        _remove_namespaces(run_id)
        shutil.rmtree(folder, ignore_errors=True)
    return True


def kept_runs() -> list[str]:
    return sorted(path.parent.name for path in ROOT.glob("sx*/kept"))


def remove_leftovers() -> None:
    """Removes what runs left that are dead and were not told to keep it."""
    for folder in ROOT.glob("sx*"):
        if NAME_OF_RUN.fullmatch(folder.name) and _is_dead(folder) and not (folder / "kept").exists():
            tear_down(folder.name)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _pids(name: str) -> list[int]:
    found = run(IP, "netns", "pids", name, check=False).stdout.split()
    return [int(word) for word in found]


def _remove_namespaces(run_id: str) -> None:
    names = [path.name for path in Path("/run/netns").glob(f"{run_id}-*")]
    for name in names:
        for pid in _pids(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    for name in names:
        with contextlib.suppress(TimeoutError):
            wait_for(lambda name=name: not _pids(name), 2, "killed processes")  # type: ignore[misc]
        run(IP, "netns", "del", name, check=False)


def _start_time(pid: int) -> str | None:
    """The kernel's start time of a process, which tells it from a later one with the same id."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def _write_owner(folder: Path) -> None:
    owner = {"pid": os.getpid(), "start": _start_time(os.getpid())}
    (folder / "owner.json").write_text(json.dumps(owner))


def _is_dead(folder: Path) -> bool:
    try:
        owner = json.loads((folder / "owner.json").read_text())
    except (OSError, ValueError):
        return False
    return _start_time(owner["pid"]) != owner["start"]


@contextlib.contextmanager
def _signals_ignored() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


atexit.register(close_all)
