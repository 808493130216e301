"""The fleet's addresses in the DNS: `sixxs-central zones`, judged by named-checkzone and served by a real nsd on loopback.

    sixxs-central zones ──► *.zone ──► named-checkzone
                        └── --run ──► nsd ◄── questions
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR

from lab.namespace import wait_for
from lab.programs import Programs

pytestmark = pytest.mark.seconds(30)

ZONE = "t.example.net"
TUNNELS, SUBNETS = "1.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa", "0.1.8.b.d.0.1.0.0.2.ip6.arpa"
ARGUMENTS = ("--zone", ZONE, "--name-server", "ns1.example.org", "--name-server", "ns2.example.org", "--contact", "dns@example.net")


class Desk:
    """A centre with one PoP and three tunnels, and a folder for zones."""

    def __init__(self, programs: Programs, folder: Path) -> None:
        self.program = programs.central
        self.folder = folder
        self.zones = folder / "zones"
        self.zones.mkdir()
        self.environment = {**os.environ, "HOME": str(folder), "SIXXS_DATABASE": str(folder / "central.db"), "NO_COLOR": "1"}
        for line in ("init", "pop add chtst01 --id 1 --ipv4 192.0.2.1 --ipv6 2001:db8::1 --ssh-user a --ssh-key /k",
                     "prefix add chtst01 tunnel 2001:db8:101::/48", "prefix add chtst01 subnet 2001:db8:1000::/40",
                     "tunnel add chtst01 --type static --endpoint 198.51.100.7", "tunnel add chtst01 --type ayiya",
                     "tunnel add chtst01 --type heartbeat", "subnet add T1", "subnet add T3",
                     "tunnel set T1 --name-server ns.jdoe.example --name-server ns2.jdoe.example"):
            self.run(*line.split())

    def run(self, *words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self.program, *map(str, words)], env=self.environment, capture_output=True, text=True,
                              timeout=20, check=check)

    def write(self, *more: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("zones", "--into", self.zones, *ARGUMENTS, *more, check=check)

    def text(self, zone: str) -> str:
        return (self.zones / f"{zone}.zone").read_text()


@pytest.fixture
def desk(programs: Programs, tmp_path: Path) -> Desk:
    return Desk(programs, tmp_path)


def chain(record: object) -> Iterator[DNSRR]:
    """The records of a section, which scapy hangs one behind the other."""
    while isinstance(record, DNSRR):
        yield record
        record = record.payload


class Server:
    """A real nsd with the three zones, which reads changed files on SIGHUP."""

    def __init__(self, desk: Desk) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        zones = "".join(f'zone:\n  name: {name}\n  zonefile: "{name}.zone"\n' for name in (ZONE, TUNNELS, SUBNETS))
        file = desk.folder / "nsd.conf"
        file.write_text(
            f'server:\n  ip-address: 127.0.0.1@{self.port}\n  username: ""\n  chroot: ""\n  database: ""\n  pidfile: ""\n'
            f'  zonesdir: "{desk.zones}"\n  zonelistfile: "{desk.folder}/zone.list"\n  xfrdfile: ""\n  xfrdir: "{desk.folder}"\n'
            f"remote-control:\n  control-enable: no\n{zones}")
        with (desk.folder / "nsd.log").open("w") as log:
            self.process = subprocess.Popen([shutil.which("nsd") or "/usr/sbin/nsd", "-d", "-c", file], stdout=log, stderr=log)

    def ask(self, name: str, kind: str) -> list[str]:
        """The records of an answer and of a referral, without TTL and sections."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.settimeout(0.5)
            link.connect(("127.0.0.1", self.port))
            try:
                link.send(bytes(DNS(rd=0, qd=DNSQR(qname=name, qtype=kind))))
                reply = DNS(link.recv(4096))
            except OSError:
                return []
        words = [record.rdata for record in (*chain(reply.an), *(chain(reply.ns) if not reply.aa else ()))]
        return sorted(word.decode() if isinstance(word, bytes) else str(word) for word in words)


@pytest.fixture
def server(desk: Desk) -> Iterator[Server]:
    desk.write()
    made = Server(desk)
    try:
        wait_for(lambda: made.ask(ZONE, "NS"), 10, "nsd")
        yield made
    finally:
        made.process.terminate()
        made.process.wait(10)


def test_zones_are_right_by_named_checkzone_and_change_only_with_the_fleet(desk: Desk) -> None:
    assert desk.write().stdout == f"3 of 3 zones written into {desk.zones}\n"
    for zone in (ZONE, TUNNELS, SUBNETS):
        judged = subprocess.run(["named-checkzone", "-i", "local", "-k", "fail", "-n", "fail", zone, desk.zones / f"{zone}.zone"],
                                capture_output=True, text=True)
        assert judged.returncode == 0 and "OK" in judged.stdout, judged.stdout
    assert (desk.zones / f"{ZONE}.zone").stat().st_mode & 0o777 == 0o644

    before = {file: file.read_bytes() for file in desk.zones.iterdir()}
    assert desk.write().stdout == f"No change in 3 zones in {desk.zones}.\n"
    assert {file: file.read_bytes() for file in desk.zones.iterdir()} == before
    desk.run("tunnel", "set", "T3", "--name-server", "ns.example.com")
    assert desk.run("zones", "--into", desk.zones, *ARGUMENTS, "--json").stdout.count("ip6.arpa") == 2
    serials = [int(re.search(r"(\d+) ; serial", text)[1]) for text in (before[desk.zones / f"{TUNNELS}.zone"].decode(), desk.text(TUNNELS))]
    assert serials[0] < serials[1]
    assert desk.text(ZONE).encode() == before[desk.zones / f"{ZONE}.zone"]


def test_what_cannot_be_written_is_said(desk: Desk) -> None:
    (desk.zones / f"{TUNNELS}.zone").write_text("; mine\n")
    refused = desk.write(check=False)
    assert refused.returncode == 1 and "was not written by sixxs-central zones: move it away" in refused.stderr
    assert [file.name for file in desk.zones.iterdir()] == [f"{TUNNELS}.zone"]
    gone = desk.run("zones", "--into", desk.folder / "none", *ARGUMENTS, check=False)
    assert gone.returncode == 1 and "there is no folder" in gone.stderr
    for words in (("--name-server", "192.0.2.1"), ("--name-server", "ns.t.example.net"), ("--ttl", "5"), ("--run", "reload")):
        assert desk.write(*words, check=False).returncode in (1, 2)


def test_a_program_does_not_go_on_alone_after_ctrl_c(desk: Desk) -> None:
    slow = desk.folder / "slow"
    slow.write_text(f"#!/bin/sh\necho $$ > {desk.folder}/pid.new\nmv {desk.folder}/pid.new {desk.folder}/pid\nexec sleep 50\n")
    slow.chmod(0o755)
    words = [desk.program, "zones", "--into", desk.zones, *ARGUMENTS, "--run", slow]
    process = subprocess.Popen([*map(str, words)], env=desk.environment, stderr=subprocess.PIPE, text=True)
    wait_for((desk.folder / "pid").exists, 10, "the program")
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=10)[1]
    assert process.returncode == 130
    assert "failed: it was interrupted; the next run tells it again" in said, said
    assert not Path(f"/proc/{(desk.folder / 'pid').read_text().strip()}").exists()


def test_a_name_server_answers_from_them(desk: Desk, server: Server) -> None:
    assert server.ask("t1." + ZONE, "AAAA") == ["2001:db8:101::2"]
    assert server.ask("gw-t3." + ZONE, "AAAA") == ["2001:db8:101:2::1"]
    host = "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0."
    assert server.ask(host + TUNNELS, "PTR") == [f"t2.{ZONE}."]
    # What is behind T1 is its user's: a referral. T3 has a subnet and no name servers.
    assert server.ask("1.0.0.0.0.0." + SUBNETS, "PTR") == ["ns.jdoe.example.", "ns2.jdoe.example."]
    assert server.ask("5.0.0.0.8." + TUNNELS, "PTR") == ["ns.jdoe.example.", "ns2.jdoe.example."]
    assert server.ask("5.2.0.0.8." + TUNNELS, "PTR") == []
    assert server.ask("t1." + ZONE, "A") == []

    desk.run("tunnel", "set", "T1", "--publish-endpoint")
    reload = desk.folder / "reload"
    reload.write_text(f"#!/bin/sh\ncat > {desk.folder}/told\nkill -HUP {server.process.pid}\n")
    reload.chmod(0o755)
    desk.write("--run", reload)
    assert (desk.folder / "told").read_text() == f"{ZONE}\n"
    wait_for(lambda: server.ask("t1." + ZONE, "A") == ["198.51.100.7"], 10, "the changed zone")
