"""The control ports of many daemons in one process, one an address of 127.0.0.0/8: stand_in.py PORT

Each takes a push as sixxsd does (length, digest, trial), answers with its replies, and reports every tunnel that it
was given, so that the centre has the same work as with a daemon; there are no packets and no other command.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sys
import time

TYPES = {"ayiya": "ayiya", "heartbeat": "heartbeat"}


class StandIn:
    """One daemon's control port."""

    def __init__(self, address: str) -> None:
        self.instance = hashlib.md5(address.encode()).hexdigest()
        self.started = time.time()
        self.generation = 0
        self.digest = hashlib.sha256(b"").hexdigest()
        self.on_trial = False
        self.tunnels: list[list[str]] = []
        self.subnets = 0

    def answer(self, line: str) -> str:
        if line == "config digest":
            return f"200 generation {self.generation} sha256 {self.digest} applied 2026-11-25T00:00:00Z\n"
        if line == "pop report":
            return f"201 1\n{self.report()}\n200 OK\n"
        if line == f"config confirm {self.generation}" and self.on_trial:
            self.on_trial = False
            return f"200 generation {self.generation} confirmed\n"
        if line.startswith("config confirm"):
            return f"404 generation {line.split()[-1]} is not waiting for confirmation\n"
        if line == "config rollback":
            return "404 nothing to roll back: the running configuration is confirmed\n"
        return "200 bye\n" if line == "exit" else f'404 unknown command "{line}", try help\n'

    def push(self, words: list[str], text: bytes) -> str:
        generation, digest = int(words[2]), hashlib.sha256(text).hexdigest()
        if digest != words[4]:
            return "422 the digest is another\n"
        if digest == self.digest:
            self.generation = generation
            return f"200 generation {generation} unchanged\n"
        rows = [line.split() for line in text.decode().splitlines() if line.startswith("\t\tconfig ")]
        before = len(self.tunnels), self.subnets
        self.tunnels = [row for row in rows if row[2].startswith("T")]
        self.subnets = len(rows) - len(self.tunnels)
        self.generation, self.digest, self.on_trial = generation, digest, "confirm" in words
        return (f"200 generation {generation} applied: tunnels +{len(self.tunnels)} ~0 -{before[0]}, "
                f"subnets +{self.subnets} ~0 -{before[1]}\n")

    def report(self) -> str:
        now = int(time.time())
        packets = int(time.time() - self.started) * 1000
        rows = [{
            "tunnel": number, "tid": tid, "state": "up", "type": TYPES.get(remote, "direct"), "mtu": int(mtu),
            "endpoint": "100.64.0.1:5072" if remote in TYPES else remote, "inPackets": packets, "inBytes": packets * 900,
            "outPackets": packets, "outBytes": packets * 900, "lastIn": now, "lastOut": now, "lastBeat": now,
            "latency": {"sent": 5, "received": 5, "lossPercent": 0.0, "minMs": 11.0, "avgMs": 12.5, "maxMs": 14.0},
            "errors": {"Wrong Source IPv6": packets // 1000},
        } for _, tid, number, remote, _, mtu, *_ in self.tunnels]
        uptime = int(time.time() - self.started)
        totals = {"online": len(rows), "active": len(rows), "configured": len(rows), "rxPackets": packets,
                  "rxBytes": packets * 900, "txPackets": packets, "txBytes": packets * 900}
        return json.dumps({
            "instance": self.instance, "version": "0.1.0", "uptime": uptime, "hostUptime": uptime, "time": now,
            "generation": self.generation, "digest": self.digest, "totals": totals, "tunnels": rows,
        }, separators=(",", ":"))


daemons: dict[str, StandIn] = {}


async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    address = writer.get_extra_info("sockname")[0]
    daemon = daemons.setdefault(address, StandIn(address))
    writer.write(b"200 standin sixxsd 0.1.0\n")
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while line := (await reader.readline()).decode().strip():
            if line.startswith("config push"):
                words = line.split()
                writer.write(daemon.push(words, await reader.readexactly(int(words[3]))).encode())
            else:
                writer.write(daemon.answer(line).encode())
            await writer.drain()
    writer.close()


async def main(port: int) -> None:
    server = await asyncio.start_server(attend, "0.0.0.0", port, backlog=1024)
    print("listening", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
