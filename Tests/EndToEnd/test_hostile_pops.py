"""PoPs that say to the centre whatever they like, beside one that is honest.

                 ┌──── inet ────┐
    centre ──────┤              ├── chtst01   sshd, sixxsd
    sixxs-central│              └── villain   one sshd, a stand-in on a port of its own for each hostile PoP
    serve        ┘

A few seconds in `make test`; SIXXS_LONG=1 makes it 50 PoPs and 10,000 reports. SIXXS_SEED repeats a run.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from lab.fleet import PLANS, Fleet
from lab.namespace import Process, wait_for
from lab.sshd import SSHServer
from lab.stand_in import StandIn

LONG = bool(os.environ.get("SIXXS_LONG"))
VILLAINS, REPORTS = (50, 10_000) if LONG else (8, 60)
SEED = int(os.environ.get("SIXXS_SEED", "15"))
MEMORY = 300 << 10  # KiB
PATIENCE = 100  # Seconds between two visits of the honest PoP, on any machine; 12 on two busy cores with 50 hostile ones.
FIRST_PORT = 43_000
ADDRESS = "198.18.30.1"
RESTRICTION = 'restrict,port-forwarding,command="/bin/false"'
EXTREMES = ["-9223372036854775808", "9223372036854775807", "18446744073709551615", "9007199254740992", "-1", "1e308", "1e999",
            "NaN", "null", '"5"', '"\\u001b[2J\\u202e"', "[]", "{}", "9" * 5000]
pytestmark = pytest.mark.seconds(7200 if LONG else 120)


def honest(villain: Villain, tunnel: str) -> dict[str, object]:
    row = {"tunnel": tunnel, "tid": "0", "state": villain.rng.choice(["up", "down"]), "type": "ayiya",
           "endpoint": "198.51.100.7:5072", "mtu": 1428, "inPackets": 20, "inBytes": 2000, "outPackets": 10, "outBytes": 1000,
           "lastIn": 1_800_000_000, "latency": {"sent": 3, "received": 3, "lossPercent": 0, "minMs": 1.5, "avgMs": 2.5,
                                                "maxMs": 3.5}, "errors": {"Clock Off": 3}}
    return {"instance": "ab" * 16, "version": "0.1.0", "uptime": 4242, "hostUptime": 99_999, "time": 1_800_000_000,
            "pop": {"id": villain.id, "name": villain.name}, "generation": 1, "digest": "0f" * 32,
            "totals": {"online": 1, "active": 1, "configured": 2, "rxPackets": 10, "rxBytes": 1000, "txPackets": 20,
                       "txBytes": 2000}, "tunnels": [row]}


# What becomes of a report; each is given the text and returns the octets of the whole reply.
def reply(text: str) -> bytes:
    return b"201 1\n" + text.encode(errors="surrogatepass") + b"\n200 OK\n"


def numbers(rng: random.Random, text: str) -> bytes:
    """Some numbers are others."""
    parts = text.replace(": ", ":").split(",")
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(parts))
        head, colon, tail = parts[place].rpartition(":")
        if colon and tail.rstrip("]}").replace(".", "").isdigit():
            parts[place] = head + colon + rng.choice(EXTREMES) + tail[len(tail.rstrip("]}")):]
    return reply(",".join(parts))


def octets(rng: random.Random, text: str) -> bytes:
    """Some octets are others, or the text ends early."""
    changed = bytearray(text.encode())
    for _ in range(rng.randrange(1, 8)):
        changed[rng.randrange(len(changed))] = rng.choice(b'0-{}[]":,\\x\x00\x1b\xff')
    cut = rng.randrange(len(changed)) if rng.random() < 0.2 else len(changed)
    return b"201 1\n" + bytes(changed[:cut]).replace(b"\n", b" ") + b"\n200 OK\n"


def strangers(rng: random.Random, text: str) -> bytes:
    """Tunnels of others, and invented ones."""
    report = json.loads(text)
    row = report["tunnels"][0]
    report["tunnels"] += [{**row, "tunnel": f"T{rng.randrange(1, 1 << 32)}"} for _ in range(rng.randrange(100))]
    report["tunnels"].append({**row, "tunnel": "T1"})
    return reply(json.dumps(report))


def another(rng: random.Random, text: str) -> bytes:
    """Another PoP's name."""
    report = json.loads(text)
    report["pop"] = rng.choice([{"id": 1, "name": "chtst01"}, {"id": -1, "name": "\u202e"}, {"id": 1 << 80}, 7])
    return reply(json.dumps(report))


def kinds(rng: random.Random, text: str) -> bytes:
    """Kinds of errors that nobody knows."""
    report = json.loads(text)
    report["tunnels"][0]["errors"] = {f"kind {number}": number for number in range(rng.randrange(1, 2000))}
    return reply(json.dumps(report))


def deep(rng: random.Random, text: str) -> bytes:
    return reply("[" * rng.randrange(1, 60_000))


def flood(rng: random.Random, text: str) -> bytes:
    """More than a PoP with a tunnel can have to say."""
    size = rng.choice([70_000, 4 << 20, 20 << 20])
    return rng.choice([b"201 1\n" + b"x" * size, b"201 16\n" + b"\n" * size, b"201 99999999999999999999\n",
                       b"201 -1\n", b"x" * size, b"\n" * size])


MUTATIONS: list[Callable[[random.Random, str], bytes]] = [numbers, numbers, numbers, octets, octets, strangers, another, kinds,
                                                          deep, flood]


@dataclass
class Villain:
    """A hostile PoP: it takes every push, and reports what it likes."""

    id: int
    name: str
    rng: random.Random
    tunnel: str = ""
    reports: int = 0
    generation: int = 0
    digest: str = hashlib.sha256(b"").hexdigest()
    waits: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, stand_in: StandIn, connection: socket.socket) -> None:
        connection.sendall(f"200 {self.name} sixxsd 0.1.0\n".encode())
        heard = b""
        while piece := connection.recv(65536):
            heard += piece
            while b"\n" in heard:
                line, _, heard = heard.partition(b"\n")
                words = line.decode(errors="replace").split()
                if words[:2] == ["config", "push"]:
                    while len(heard) < int(words[3]):
                        heard += connection.recv(65536)
                    heard = heard[int(words[3]):]
                with self.lock:
                    answer = self.answer(words)
                connection.sendall(answer)

    def answer(self, words: list[str]) -> bytes:
        if words[:2] == ["config", "push"]:
            self.waits = self.waits or self.digest != words[4]
            self.generation, self.digest = int(words[2]), words[4]
            return f"200 generation {self.generation} applied\n".encode()
        if words == ["config", "digest"]:
            return f"200 generation {self.generation} sha256 {self.digest} applied now\n".encode()
        if words[:2] == ["config", "confirm"]:
            self.waits, waited = False, self.waits
            return b"200 confirmed\n" if waited else b"404 nothing waits\n"
        if words == ["pop", "report"]:
            self.reports += 1
            return self.rng.choice(MUTATIONS)(self.rng, json.dumps(honest(self, self.tunnel)))
        return b"404 no such command\n"


def add_villains(fleet: Fleet) -> list[Villain]:
    """One host for all of them: what they have to themselves is a port."""
    host = fleet.backbone.add_host("villain", ADDRESS)
    sshd = SSHServer(host, [fleet.key.with_suffix(".pub").read_text()], RESTRICTION)
    config = sshd.folder / "sshd_config"
    config.write_text(config.read_text().replace("PermitOpen 127.0.0.1:42003", "PermitOpen any"))
    sshd.start()
    folder = fleet.laboratory.folder / "villains"
    (folder / "pops").mkdir(parents=True)
    (folder / "fleet.yaml").write_text("{}\n")
    (folder / "pops" / "chtst01.yaml").write_text(PLANS[0].inventory(fleet.key))
    villains = [Villain(10 + n, f"vltst{n:02}", random.Random(SEED * 1000 + n)) for n in range(VILLAINS)]
    for villain in villains:
        StandIn(host, villain, port=FIRST_PORT + villain.id).start()
        (folder / "pops" / f"{villain.name}.yaml").write_text(
            f"id: {villain.id}\nname: {villain.name}\nipv4: 203.0.113.{villain.id + 100}\nipv6: \"2001:db8:ff::{villain.id:x}\"\n"
            f"ssh:\n  host: {ADDRESS}\n  user: sixxs\n  key: {fleet.key}\ncontrol: 127.0.0.1:{FIRST_PORT + villain.id}\n"
            f"prefixes:\n  tunnel: 2001:db8:{0x200 + villain.id:x}::/48\n")
    fleet.central.run("inventory", "apply", folder, "--yes")
    for villain in villains:
        fleet.central.run("pop", "trust", villain.name, "--fingerprint", sshd.fingerprint, "--yes")
        villain.tunnel = fleet.central.add_tunnel(villain.name, "ayiya")
    return villains


def peak(process: Process) -> int:
    """The most memory that a program had, in KiB."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def test_hostile_pops_cost_only_themselves(laboratory: object, programs: object) -> None:
    fleet = Fleet(laboratory, programs, PLANS[:1])  # type: ignore[arg-type]
    fleet.trust_all()
    own = fleet.central.add_tunnel("chtst01", "ayiya")
    villains = add_villains(fleet)
    serve = fleet.central.spawn("serve", "--interval", 2)
    limit = 7000 if LONG else 80
    wait_for(lambda: sum(villain.reports for villain in villains) >= REPORTS or not serve.is_running, limit, "reports", 0.2)
    assert serve.is_running, f"seed {SEED}: {serve.output[-2000:]}"
    memory = peak(serve)
    for words in (["check"], ["status"], ["stats"], ["stats", own], ["stats", villains[0].tunnel], ["stats", villains[0].name],
                  ["events", "--last", "1000"], ["log"], ["status", "--live"], ["doctor"], ["plan"],
                  ["live", villains[0].tunnel, "--json"]):
        result = fleet.central.run(*words, check=False)
        said = result.stdout + result.stderr
        assert result.returncode in (0, 1, 2), f"seed {SEED}: {words}: {result.returncode}\n{said[-2000:]}"
        assert "9223372036854775808" not in said.replace("is -9223372036854775808", ""), said
        assert not any(ord(letter) < 0x20 and letter not in "\n\t" or letter == "\u202e" for letter in said), said
    serve.signal(signal.SIGTERM)
    assert serve.wait(30) == 0

    visits = [row for row in fleet.central.json("log", "chtst01", "--last", 100_000) if row["kind"] == "push"]  # type: ignore
    assert {row["outcome"] for row in visits} <= {"applied", "unchanged"}, visits
    starts = sorted(datetime.fromisoformat(row["time"].replace("Z", "+00:00")) for row in visits)
    longest = max((late - early).total_seconds() for early, late in pairwise(starts))
    assert longest < PATIENCE, f"seed {SEED}: nobody visited the honest PoP for {longest} s"
    # Each kind of doubt is told once.
    told = [detail for kind, detail in fleet.central.events() if kind == "not believed"]
    assert 0 < len(told) <= VILLAINS
    events = fleet.central.json("events", own)
    assert all(row["pop"] == "chtst01" for row in events), events  # type: ignore[union-attr, index]
    with contextlib.closing(sqlite3.connect(fleet.central.folder / "central-samples.db")) as database:
        tunnels = {row[0] for row in database.execute("SELECT tunnel FROM tunnelStep UNION SELECT tunnel FROM tunnelCounter")}
    assert tunnels <= {int(name[1:]) for name in [own, *(villain.tunnel for villain in villains)]}
    slowest = max(row["seconds"] for row in visits)
    print(f"seed {SEED}: {sum(villain.reports for villain in villains)} reports, {len(visits)} visits of the honest PoP, "
          f"the slowest {slowest} s, {longest} s apart at most, serve had {memory} KiB at most")
    assert memory < MEMORY, f"seed {SEED}: {memory} KiB"
