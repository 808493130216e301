"""A fleet of any size, written into the centre's database under its own rules, or as CSV."""

from __future__ import annotations

import csv
import hashlib
import ipaddress
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

TUNNELS = 1000
SUBNETS_OF_A_PREFIX = 256
FLEET = int(ipaddress.IPv6Address("2001:db8::"))
PREFIX_SIZE, SUBNET_SIZE = 1 << 80, 1 << 72
# Where subnets begin: tunnels take the 48s before.
FIRST_OF_SUBNETS = 4096


@dataclass(frozen=True)
class PoPRow:
    """One PoP as the database has it."""

    id: int
    ssh_host: str
    control: str
    host_key: str
    key_file: Path

    @property
    def name(self) -> str:
        return f"x{chr(97 + self.id // 100)}tst{self.id % 100:02}"

    @property
    def ipv6(self) -> str:
        return f"2001:db8:ffff::{self.id:x}"

    def prefixes(self, tunnels: int = TUNNELS) -> list[tuple[str, ipaddress.IPv6Network]]:
        """Kind and prefix, one for tunnels and as many as its subnets need."""
        count = -(-tunnels // SUBNETS_OF_A_PREFIX)
        first = FIRST_OF_SUBNETS + (self.id - 1) * count
        return [("tunnel", network(self.id, PREFIX_SIZE, 48))] + [
            ("subnet", network(first + index, PREFIX_SIZE, 48)) for index in range(count)]


def network(index: int, size: int, length: int) -> ipaddress.IPv6Network:
    return ipaddress.IPv6Network((FLEET + index * size, length))


@dataclass(frozen=True)
class TunnelRow:
    """A tunnel with a subnet; a third of each type."""

    number: int
    tid: int

    @property
    def type(self) -> str:
        return ("static", "heartbeat", "ayiya")[self.tid % 3]

    @property
    def endpoint(self) -> str | None:
        return f"100.64.{self.tid // 250}.{self.tid % 250 + 1}" if self.type == "static" else None

    @property
    def password(self) -> str | None:
        return hashlib.md5(str(self.number).encode()).hexdigest() if self.endpoint is None else None


def tunnels_of(pop: PoPRow, count: int = TUNNELS) -> Iterator[TunnelRow]:
    return (TunnelRow((pop.id - 1) * count + tid + 1, tid) for tid in range(count))


def subnet_of(pop: PoPRow, tid: int) -> ipaddress.IPv6Network:
    prefix = pop.prefixes()[1 + tid // SUBNETS_OF_A_PREFIX][1]
    return ipaddress.IPv6Network((int(prefix.network_address) + tid % SUBNETS_OF_A_PREFIX * SUBNET_SIZE, 56))


def fill(database: Path, pops: list[PoPRow], with_tunnels: bool = True) -> None:
    """Writes the fleet; the schema's triggers check every row."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for pop in pops:
            connection.execute(
                "INSERT INTO pop (id, name, ipv4, ipv6, sshHost, sshPort, sshUser, sshKeyFile, hostKey, control,"
                " tunnelMTU, enabled) VALUES (?, ?, ?, ?, ?, 22, 'sixxs', ?, ?, ?, 1280, 1)",
                (pop.id, pop.name, pop.ssh_host, pop.ipv6, pop.ssh_host, str(pop.key_file), pop.host_key, pop.control))
            ids = [_insert_prefix(connection, pop, kind, prefix) for kind, prefix in pop.prefixes()]
            if with_tunnels:
                _insert_tunnels(connection, pop, ids[1:])


def _bounds(prefix: ipaddress.IPv6Network) -> tuple[str, int, bytes, bytes]:
    return str(prefix), prefix.prefixlen, prefix.network_address.packed, prefix.broadcast_address.packed


def _insert_prefix(connection: sqlite3.Connection, pop: PoPRow, kind: str, prefix: ipaddress.IPv6Network) -> int:
    sql = "INSERT INTO prefix (popID, kind, text, length, lower, upper) VALUES (?, ?, ?, ?, ?, ?)"
    return connection.execute(sql, (pop.id, kind, *_bounds(prefix))).lastrowid or 0


def _insert_tunnels(connection: sqlite3.Connection, pop: PoPRow, prefixes: list[int]) -> None:
    rows = list(tunnels_of(pop))
    connection.executemany(
        "INSERT INTO tunnel (number, popID, tid, type, endpoint, mtu, password, enabled, created, changed)"
        " VALUES (?, ?, ?, ?, ?, 1280, ?, 1, 0, 0)",
        ((row.number, pop.id, row.tid, row.type, row.endpoint, row.password) for row in rows))
    connection.executemany(
        "INSERT INTO subnet (tunnel, prefixID, text, length, lower, upper) VALUES (?, ?, ?, ?, ?, ?)",
        ((row.number, prefixes[row.tid // SUBNETS_OF_A_PREFIX], *_bounds(subnet_of(pop, row.tid))) for row in rows))


def write_csv(file: Path, pops: list[PoPRow]) -> None:
    """The same tunnels as `sixxs-central import` reads them."""
    with file.open("w", newline="") as output:
        writer = csv.writer(output)
        writer.writerow(["tunnel", "pop", "tid", "type", "endpoint", "mtu", "password", "subnets"])
        for pop in pops:
            for row in tunnels_of(pop):
                writer.writerow([f"T{row.number}", pop.name, f"{row.tid:x}", row.type, row.endpoint, 1280, row.password,
                                 subnet_of(pop, row.tid)])
