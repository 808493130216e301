"""The monitoring plugin against daemons that run, and against ones that lie.

    core ── chtst01 ── inet               here: a stand-in on a loopback port ── check_sixxsd
             sixxsd ── check_sixxsd
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess

import pytest

from lab.daemon import TunnelLine
from lab.namespace import Laboratory, Namespace
from lab.programs import REPOSITORY
from lab.site import PASSWORD, Site
from lab.stand_in import GREETING, Script, StandIn, reset

PLUGIN = REPOSITORY / "Packaging/nagios/check_sixxsd"
OK, WARNING, CRITICAL, UNKNOWN = range(4)
STATIC = TunnelLine(1, 4141, "203.0.113.10", 1280)
FIGURE = re.compile(r"(\w+)=[0-9.]+s?;(@?[0-9.~]*:[0-9.]*)?;(@?[0-9.~]*:[0-9.]*|[0-9.]+)?;[0-9]+(;[0-9]+)?")


class Result:
    """What the plugin said, held to the convention."""

    def __init__(self, ended: subprocess.CompletedProcess[str]) -> None:
        self.code = ended.returncode
        assert ended.stderr == ""
        assert ended.stdout.endswith("\n") and ended.stdout.count("\n") == 1, ended.stdout
        self.line = ended.stdout.strip()
        word, _, self.text = self.line.partition(" - ")
        assert word == ("OK", "WARNING", "CRITICAL", "UNKNOWN")[self.code], self.line
        assert self.line.isascii() and self.line.isprintable() and len(self.line) < 1000, self.line
        self.text, bar, figures = self.text.partition(" | ")
        self.figures = {}
        for figure in figures.split():
            found = FIGURE.fullmatch(figure)
            assert found, figure
            self.figures[found[1]] = figure
        assert set(self.figures) == ({"online", "active", "configured", "time"} if bar else set())


def check(where: Namespace, *words: object, prefix: tuple[str, ...] = ()) -> Result:
    return Result(where.run(*prefix, PLUGIN, *words, check=False, timeout=25))


# What daemons said to `pop show kernel` before there was such a command.
UNKNOWN_COMMAND = b'404 unknown command "kernel", try help\n'


def answering(answer: bytes, greeting: bytes = GREETING, kernel: bytes | None = None) -> Script:
    """Greets, hears the command, answers, hears the next one if it has an answer to that, and closes."""
    def script(stand_in: StandIn, connection: socket.socket) -> None:
        stand_in.send(connection, greeting)
        stand_in.hear(connection)
        stand_in.send(connection, answer)
        if kernel is not None and stand_in.hear(connection):
            stand_in.send(connection, kernel)

    return script


def status(*lines: str) -> bytes:
    return f"201 {len(lines)}\n".encode() + "".join(line + "\n" for line in lines).encode() + b"200 OK\n"


def total(online: object, active: object, configured: object) -> Script:
    return answering(status("direct 0 0 0", f"total {online} {active} {configured}"), kernel=UNKNOWN_COMMAND)


@pytest.fixture
def here(laboratory: Laboratory) -> Namespace:
    return laboratory.namespace("here")


# What is said of `total <online> <active> <configured>`, by the switches.
VERDICTS = [
    ((100, 80, 200), "", OK, "100 of 200 tunnels online, 80 active"),
    ((0, 0, 0), "", CRITICAL, "no tunnel is configured"),
    ((0, 0, 0), "-t 0 -c 0 -o 0 -a 0", CRITICAL, "no tunnel is configured"),
    ((0, 0, 1), "", OK, "small PoP"),
    ((0, 0, 49), "", OK, "small PoP, under 50"),
    ((0, 0, 50), "", CRITICAL, "0 online, expected at least 5"),
    ((0, 0, 50), "-o 0", OK, "0 of 50"),
    ((0, 0, 50), "-o 0 -a 1", CRITICAL, "0 active, expected at least 1"),
    ((0, 0, 50), "-o 0 -a 0.99", OK, "0 of 50"),
    ((5, 3, 50), "", OK, "5 of 50"),
    ((4, 3, 50), "", CRITICAL, "4 online, expected at least 5"),
    ((5, 2, 50), "", CRITICAL, "2 active, expected at least 2.5"),
    ((9, 9, 100), "-o 10", CRITICAL, "9 online, expected at least 10"),
    ((10, 9, 100), "-o 10 -a 9", OK, "10 of 100"),
    ((10, 8, 100), "-o 10 -a 9", CRITICAL, "8 active, expected at least 9"),
    ((1, 1, 100), "-o 1", OK, "1 of 100"),
    ((4, 4, 4), "-t 0", CRITICAL, "4 configured, expected at least 5"),
    ((5, 5, 5), "-t 0", OK, "5 of 5"),
    ((5, 5, 5), "-t 5 -c 6", CRITICAL, "5 configured, expected at least 6"),
    ((5, 5, 5), "-t 6 -c 6", OK, "small PoP"),
    ((10, 60, 100), "-o 10", OK, "60 active"),
    ((8192, 8192, 8192), "", OK, "8192 of 8192"),
    # Ranges are for tunnels online, in a small PoP too.
    ((9, 9, 20), "-w 10:", WARNING, "9 online is outside of the range 10:"),
    ((10, 9, 20), "-w 10:", OK, "10 of 20"),
    ((4, 4, 20), "-w 10: -c 5:", CRITICAL, "4 online is outside of the range 5:"),
    ((5, 4, 20), "-w 10: -c 5:", WARNING, "outside of the range 10:"),
    ((11, 9, 20), "-c ~:10", CRITICAL, "11 online is outside of the range ~:10"),
    ((15, 9, 20), "-c @10:15", CRITICAL, "within the range @10:15"),
    ((16, 9, 20), "-c @10:15", OK, "16 of 20"),
    ((9, 9, 20), "-w 0.5:", WARNING, "outside of the range 10:"),
    ((10, 9, 20), "-w 0.5:", OK, "10 of 20"),
    ((20, 20, 60), "-c 70 -c 5:", CRITICAL, "60 configured, expected at least 70"),
    ((4, 4, 60), "-c 70 -c 5:", CRITICAL, "outside of the range 5:"),
    ((0, 0, 0), "-c 0:", CRITICAL, "no tunnel is configured"),
]


@pytest.mark.seconds(90)
def test_every_count_has_its_verdict(here: Namespace) -> None:
    for counts, switches, code, words in VERDICTS:
        with StandIn(here, total(*counts)) as stand_in:
            result = check(here, "-h", "127.0.0.1", "-p", stand_in.port, "--timeout", 20, *switches.split())
        assert (result.code, words in result.text) == (code, True), (counts, switches, result.line)
        assert stand_in.heard.startswith(b"pop show status\n")


def test_what_the_daemon_can_t_mend_is_a_warning(here: Namespace) -> None:
    fault = "fault address the PoP's address 192.0.2.42 is gone from this host"
    for counts, lines, code, words in (
        ((100, 80, 200), ["mended route 3", fault], WARNING, "192.0.2.42 is gone"),
        ((1, 1, 1), [fault], WARNING, "192.0.2.42 is gone"),
        ((0, 0, 100), [fault], CRITICAL, "0 online"),
        ((100, 80, 200), ["mended route 3"], OK, "100 of 200"),
    ):
        answer = status(f"total {' '.join(map(str, counts))}")
        with StandIn(here, answering(answer, kernel=status(*lines))) as stand_in:
            result = check(here, "-h", "127.0.0.1", "-p", stand_in.port, "--timeout", 20)
        assert (result.code, words in result.text) == (code, True), (counts, lines, result.line)
        assert b"pop show kernel\n" in stand_in.heard


def test_the_fast_path_is_told_and_may_be_wanted(here: Namespace) -> None:
    on, off = "fast-path on, links 2", "fast-path off: loading sixxsd: Operation not permitted"
    for lines, switches, code, words in (
        ([on], "", OK, "80 active, fast path on, links 2"),
        ([on], "-f", OK, "80 active, fast path on, links 2"),
        ([off], "", OK, "80 active, fast path off: loading sixxsd: Operation not permitted"),
        ([off], "-f", WARNING, "Operation not permitted: the fast path is off"),
        ([], "", OK, "100 of 200 tunnels online, 80 active"),
        ([], "-f", WARNING, "80 active: the fast path is off"),
        (["fast-path once"], "-f", WARNING, "the fast path is off"),
        ([on, "fault route it is gone"], "-f", WARNING, "fast path on, links 2: route it is gone"),
    ):
        with StandIn(here, answering(status("total 100 80 200"), kernel=status(*lines))) as stand_in:
            result = check(here, "-h", "127.0.0.1", "-p", stand_in.port, "--timeout", 20, *switches.split())
        assert (result.code, result.text.endswith(words)) == (code, True), (lines, switches, result.line)


def test_figures_carry_thresholds_and_bounds(here: Namespace) -> None:
    cases = {
        "": ["online=30;;6:;0;60", "active=20;;15:;0;60", "configured=60;;5:;0;8192"],
        "-t 100": ["online=30;;;0;60", "active=20;;;0;60", "configured=60;;1:;0;8192"],
        "-w 0.75: -c 10: -c 8 -a 7": ["online=30;45:;10:;0;60", "active=20;;7:;0;60", "configured=60;;8:;0;8192"],
    }
    for switches, figures in cases.items():
        with StandIn(here, total(30, 20, 60)) as stand_in:
            result = check(here, "-h", "127.0.0.1", "-p", stand_in.port, "--timeout", 20, *switches.split())
        assert list(result.figures.values())[:3] == figures
        assert re.fullmatch(r"time=[0-9.]+s;;20;0", result.figures["time"])


def reset_at_once(stand_in: StandIn, connection: socket.socket) -> None:
    reset(connection)


def close_at_once(stand_in: StandIn, connection: socket.socket) -> None:
    pass


def close_within_the_greeting(stand_in: StandIn, connection: socket.socket) -> None:
    stand_in.send(connection, GREETING[:9])


NO_SENSE = "makes no sense"
LIES: dict[str, tuple[Script, str]] = {
    "closes at once": (close_at_once, "closed the connection too early"),
    "resets": (reset_at_once, "reset by peer|closed the connection"),
    "closes after the greeting": (answering(b""), "closed the connection too early|reset by peer"),
    "closes within the greeting": (close_within_the_greeting, "closed the connection within a line"),
    "closes within the answer": (answering(b"201 2\ntotal 4"), "within a line"),
    "closes before the end": (answering(b"201 1\ntotal 40 30 50\n"), "too early"),
    "promises more lines": (answering(b"201 3\ntotal 40 30 50\n200 OK\n"), "too early"),
    "another code in the end": (answering(b"201 1\ntotal 40 30 50\n500 no\n"), 'is "500 no"'),
    "garbage in the end": (answering(b"201 1\ntotal 40 30 50\nxyz\n"), NO_SENSE),
    "refuses us": (answering(b"", b"403 not allowed\n"), 'greeting is "403 not allowed"'),
    "is busy": (answering(b"", b"425 too many sessions\n"), "425 too many sessions"),
    "is a mail server": (answering(b"", b"220 mail.example.com ESMTP\n"), 'greeting is "220'),
    "is a web server": (answering(b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"), "is it sixxsd that listens there"),
    "is an SSH server": (answering(b"", b"SSH-2.0-OpenSSH_9.2\r\n"), NO_SENSE),
    "does not know the command": (answering(b"404 no such command\n"), 'is "404 no such command"'),
    "fails": (answering(b"500 the engine does not answer\n"), 'is "500'),
    "one line without a total": (answering(b"200 fine, thank you\n"), "0 lines with a total"),
    "an empty answer": (answering(b"201 0\n200 OK\n"), "0 lines with a total"),
    "no total": (answering(status("direct 2 1 3")), "0 lines with a total"),
    "two totals": (answering(status("total 4 4 50", "total 5 5 50")), "2 lines with a total"),
    "an empty line for a code": (answering(b"\n"), NO_SENSE),
    "no number of lines": (answering(b"201 many\ntotal 40 30 50\n200 OK\n"), "expected a number of lines"),
    "a negative number of lines": (answering(b"201 -1\n200 OK\n"), "expected a number of lines"),
    "a billion lines": (answering(b"201 1000000000\n" + b"direct 1 1 1\n" * 2000), "expected a number of lines"),
    "too many lines": (answering(b"201 1001\n" + b"direct 1 1 1\n" * 1001 + b"200 OK\n"), "a number of lines"),
    "other digits": (answering("201 １\ntotal 40 30 50\n200 OK\n".encode()), "it is not text"),
    "more online than configured": (total(51, 30, 50), "51 online"),
    "more active than configured": (total(40, 51, 50), "51 active"),
    "none configured but online": (total(1, 0, 0), NO_SENSE),
    "more than a PoP can have": (total(9000, 9000, 9000), "of 8192 that can be"),
    "negative": (total(-1, 30, 50), NO_SENSE),
    "a fraction": (total(0.5, 30, 50), NO_SENSE),
    "not a number": (total("nan", 30, 50), NO_SENSE),
    "infinite": (total("1e9", "inf", 50), NO_SENSE),
    "absurd": (total("9" * 3000, 30, 50), NO_SENSE),
    "two numbers": (total(40, 30, ""), NO_SENSE),
    "four numbers": (total(40, 30, "50 60"), NO_SENSE),
    "a bar and a tab": (total("40|x=1", "\t30", 50), NO_SENSE),
    "binary greeting": (answering(b"", bytes(range(256)) * 20 + b"\n"), NO_SENSE),
    "binary answer": (answering(b"201 1\n\x00\xff\x1b[2Jtotal 40 30 50\n200 OK\n"), "it is not text"),
    "a line without end": (answering(b"201 1\n" + b"x" * 100_000), "a line of more than 4096 octets"),
    "a greeting without end": (answering(b"", b"2" * 100_000), "a line of more than 4096 octets"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_critical(here: Namespace, lie: str) -> None:
    script, words = LIES[lie]
    with StandIn(here, script) as stand_in:
        result = check(here, "-h", "127.0.0.1", "-p", stand_in.port, "--timeout", 20)
    assert result.code == CRITICAL and re.search(words, result.text), result.line
    assert not result.figures


def never(stand_in: StandIn, connection: socket.socket) -> None:
    stand_in.wait()


def greet_and_be_silent(stand_in: StandIn, connection: socket.socket) -> None:
    stand_in.send(connection, GREETING)
    stand_in.wait()


def drip(stand_in: StandIn, connection: socket.socket) -> None:
    """Says the right thing, too slowly."""
    stand_in.drip(connection, GREETING + status("total 40 30 50"))


def drip_the_answer(stand_in: StandIn, connection: socket.socket) -> None:
    stand_in.send(connection, GREETING)
    stand_in.drip(connection, status("total 40 30 50"))


@pytest.mark.parametrize(("script", "words"), [
    (never, "greeting"), (greet_and_be_silent, "status"), (drip, "greeting"), (drip_the_answer, "status"),
])
def test_the_limit_is_for_the_whole_check(here: Namespace, script: Script, words: str) -> None:
    with StandIn(here, script) as stand_in:
        result = check(here, "-h", "127.0.0.1", "-p", stand_in.port, "--timeout", 1.5)
    assert result.code == CRITICAL, result.line
    assert "no end within 1.5 s" in result.text and words in result.text, result.line


def test_a_host_that_swallows_packets_is_critical(here: Namespace) -> None:
    here.nft("table inet t { chain c { type filter hook input priority 0; tcp dport 42003 drop; }; }")
    result = check(here, "-h", "127.0.0.1", "--timeout", 1)
    assert result.code == CRITICAL and "connect to 127.0.0.1 port 42003" in result.text, result.line


def flood(stand_in: StandIn, connection: socket.socket) -> None:
    stand_in.send(connection, GREETING + b"201 1\n")
    while not stand_in.wait(0):
        stand_in.send(connection, b"x" * 65536)


def test_a_flood_takes_little_memory(here: Namespace) -> None:
    with StandIn(here, flood) as stand_in:
        # Address space: twice of what the interpreter takes by itself.
        result = check(here, "-h", "127.0.0.1", "-p", stand_in.port, prefix=("prlimit", "--as=200000000"))
    assert result.code == CRITICAL and "a line of more than 4096 octets" in result.text, result.line
    assert stand_in.sent < 16 << 20, "all but what the kernel buffered stayed with the sender"


def test_lines_may_end_with_carriage_returns(here: Namespace) -> None:
    answer = status("direct 2 1 3", "total 40 30 50").replace(b"\n", b"\r\n")
    greeting = GREETING.replace(b"\n", b"\r\n")
    with StandIn(here, answering(answer, greeting, UNKNOWN_COMMAND)) as stand_in:
        assert check(here, "-h", "127.0.0.1", "-p", stand_in.port).code == OK


def test_addresses_of_both_families_and_names(here: Namespace) -> None:
    with StandIn(here, total(40, 30, 50), socket.AF_INET6) as stand_in:
        for host in ("::1", "[::1]"):
            assert check(here, "-h", host, "-p", stand_in.port).code == OK
    with StandIn(here, total(40, 30, 50)) as stand_in:
        # Where localhost is ::1 as well, nobody listens there: the next address is tried.
        assert check(here, "-H", "localhost", "-p", stand_in.port).code == OK
    result = check(here, "-h", "pop.invalid")
    assert result.code == CRITICAL and "find the address of pop.invalid" in result.text


ARGUMENTS = [
    "", "-x", "-h", "-h 127.0.0.1 x", "-h 127.0.0.1 -p 0", "-h 127.0.0.1 -p 65536", "-h 127.0.0.1 -p control",
    "-h 127.0.0.1 -t -1", "-h 127.0.0.1 -t x", "-h 127.0.0.1 -o -1", "-h 127.0.0.1 -o nan", "-h 127.0.0.1 -o 1e3",
    "-h 127.0.0.1 -a inf", "-h 127.0.0.1 -c x", "-h 127.0.0.1 -c 20:10", "-h 127.0.0.1 -c @", "-h 127.0.0.1 -c 1:2:3",
    "-h 127.0.0.1 -w 10", "-h 127.0.0.1 -w x", "-h 127.0.0.1 --timeout 0", "-h 127.0.0.1 --timeout -1",
    "-h 127.0.0.1 --timeout inf", "-h 127.0.0.1 -s /run/x", "-h a|b\udcff\x1b", "-h " + "a" * 300,
]


@pytest.mark.parametrize("words", ARGUMENTS)
def test_wrong_arguments_are_unknown(here: Namespace, words: str) -> None:
    result = check(here, *words.split(" ")) if words else check(here)
    assert result.code == UNKNOWN and "check_sixxsd --help" in result.text


def test_help_and_version_exit_3(here: Namespace) -> None:
    helped = here.run(PLUGIN, "--help", check=False)
    assert helped.returncode == UNKNOWN and not helped.stderr
    for switch in ("-h", "-p", "-t", "-o", "-a", "-c", "-w", "-s", "-f", "-V", "--timeout"):
        assert f" {switch}" in helped.stdout, switch
    version = here.run(PLUGIN, "-V", check=False)
    assert version.returncode == UNKNOWN and re.fullmatch(r"check_sixxsd \d+\.\d+\.\d+\n", version.stdout)


def test_daemons_that_run(site: Site) -> None:
    daemon = site.daemon(STATIC, TunnelLine(2, 5072, "ayiya", 1280, PASSWORD),
                         TunnelLine(3, 5073, "203.0.113.11", 1280, state="disabled"))
    result = check(site.pop, "-h", "127.0.0.1")
    assert result.code == OK and "1 of 3 tunnels online" in result.text and "a small PoP" in result.text
    result = check(site.pop, "-s", daemon.socket_path, "-t", 0, "-c", 1, "-a", 2)
    assert result.code == CRITICAL and "active, expected at least 2" in result.text
    assert check(site.pop, "-s", daemon.socket_path, "-t", 0, "-c", 3, "-a", 0).code == OK
    assert check(site.pop, "-h", "127.0.0.1", "-w", "2:").code == WARNING

    home = site.home()
    site.client(home, STATIC).start()
    result = check(site.pop, "-h", "127.0.0.1", "-t", 0, "-c", 3, "-o", "0.3", "-a", "0.9")
    assert result.code == OK and "1 of 3 tunnels online, 1 active" in result.text

    daemon.signal(signal.SIGSTOP)
    result = check(site.pop, "-h", "127.0.0.1", "--timeout", 1)
    assert result.code == CRITICAL and "no end within 1 s" in result.text
    daemon.signal(signal.SIGCONT)
    assert check(site.pop, "-h", "127.0.0.1").code == OK
    assert daemon.stop() == 0
    result = check(site.pop, "-h", "127.0.0.1")
    assert result.code == CRITICAL and "Connection refused" in result.text
    assert check(site.pop, "-s", daemon.socket_path).code == CRITICAL


def test_a_daemon_without_tunnels_and_one_that_refuses(site: Site) -> None:
    daemon = site.daemon()
    result = check(site.pop, "-h", "127.0.0.1", "-t", 0, "-o", 0, "-a", 0, "-c", 0)
    assert result.code == CRITICAL and "no tunnel is configured" in result.text
    with daemon.session() as session:
        for line in ("pop cliacl reset", "pop cliacl add 10.0.0.0/8 force"):
            assert session.command(line).is_success
    result = check(site.pop, "-h", "127.0.0.1")
    assert result.code == CRITICAL and "403 not allowed" in result.text
