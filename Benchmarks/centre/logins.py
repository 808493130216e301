#!/usr/bin/env python3
"""How many clients can log in by TIC: as many a second as asked for, from as many loopback addresses as there are users.

    Benchmarks/centre/logins.py [--rate 1000] [--seconds 10] [--idle 10000] [--program .build/release/sixxs-central]

Each login is AICCU's dialogue up to `tunnel show` and `QUIT`, in the clear. At the end, as many connections as --idle says are
opened and left alone: those beyond the limit must be told so, and the memory is that of the rest.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import re
import resource
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

USERS = 1000
PORT = 38740
BANNER = b"200 "


def prepare(program: Path, folder: Path) -> Path:
    """A registry in which each of the users has a tunnel, and `secret` as password."""
    database = folder / "central.db"

    def run(*words: str) -> None:
        subprocess.run([program, *words, "--database", database], check=True, stdout=subprocess.DEVNULL)

    run("init")
    run("pop", "add", "chtst01", "--id", "1", "--ipv4", "192.0.2.1", "--ipv6", "2001:db8::1", "--ssh-key", "/nonexistent")
    run("pop", "set", "chtst01", "--disable")
    run("prefix", "add", "chtst01", "tunnel", "2001:db8:101::/48")
    hashes = [hashlib.new(name, b"secret").hexdigest() for name in ("md5", "sha256")]
    with closing(sqlite3.connect(database)) as file, file:
        file.executemany("INSERT INTO user (handle, name, mail, passwordMD5, passwordSHA256, created, changed) VALUES (?, '', '', ?, ?, 0, 0)",
                         [(f"user{number}", *hashes) for number in range(USERS)])
    table = folder / "tunnels.csv"
    table.write_text("pop,type,owner\n" + "".join(f"chtst01,ayiya,user{number}\n" for number in range(USERS)))
    run("import", str(table), "--yes")
    return database


async def login(number: int) -> float:
    """Seconds that one login takes."""
    began = time.monotonic()
    address = f"127.1.{number // 250}.{number % 250 + 1}"
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT, local_addr=(address, 0))

    async def ask(line: str) -> str:
        writer.write(line.encode() + b"\n")
        answer = (await reader.readline()).decode()
        if not answer.startswith("2"):
            raise RuntimeError(answer)
        return answer[4:].rstrip("\n")

    async def ask_list(line: str) -> list[str]:
        await ask(line)
        rows = []
        while not (row := (await reader.readline()).decode()).startswith("202"):
            rows.append(row)
        return rows

    assert (await reader.readline()).startswith(BANNER)
    await ask("client TIC/draft-00 AICCU/2007.01.15-console-linux Linux/6.1.0")
    await ask("get unixtime")
    await ask(f"username user{number}")
    challenge = await ask("challenge md5")
    digest = hashlib.md5(b"secret").hexdigest()
    await ask(f"authenticate md5 {hashlib.md5((challenge + digest).encode()).hexdigest()}")
    (row,) = await ask_list("tunnel list")
    assert len(await ask_list(f"tunnel show {row.split()[0]}")) == 14
    await ask("QUIT Thanks for all the fish")
    writer.close()
    return time.monotonic() - began


async def storm(rate: int, seconds: int) -> None:
    tasks = []
    began = time.monotonic()
    for index in range(rate * seconds):
        pause = began + index / rate - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        tasks.append(asyncio.create_task(login(index % USERS)))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    took = time.monotonic() - began
    times = sorted(result for result in results if isinstance(result, float))
    failures = [result for result in results if not isinstance(result, float)]
    print(f"{len(times)} of {len(results)} logins in {took:.1f} s ({len(times) / took:.0f}/s), "
          f"median {times[len(times) // 2] * 1000:.1f} ms, 99 % {times[len(times) * 99 // 100] * 1000:.1f} ms")
    if failures:
        print(f"{len(failures)} failed, the first by {failures[0]!r}")


async def idle(count: int, process: subprocess.Popen[bytes]) -> None:
    async def connect(index: int) -> tuple[bytes, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT, local_addr=(f"127.2.{index // 250}.{index % 250 + 1}", 0))
        return await reader.readline(), writer

    found: list[tuple[bytes, asyncio.StreamWriter]] = []
    for start in range(0, count, 500):
        found += await asyncio.gather(*(connect(index) for index in range(start, min(count, start + 500))))
    told = sum(line.startswith(b"500 Too many connections") for line, _ in found)
    status = Path(f"/proc/{process.pid}/status").read_text()
    memory = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert memory
    print(f"{count} idle connections: {count - told} open, {told} told that they are too many, {int(memory[1]) // 1024} MB resident")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--idle", type=int, default=10000)
    parser.add_argument("--program", type=Path, default=Path(".build/release/sixxs-central"))
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    with tempfile.TemporaryDirectory() as name:
        database = prepare(arguments.program, Path(name))
        words = ["serve", "--database", database, "--interval", "86400", "--tic", f"127.0.0.1:{PORT}", "--log-level", "warning"]
        process = subprocess.Popen([arguments.program, *words], stderr=subprocess.DEVNULL)
        try:
            time.sleep(2)
            asyncio.run(storm(arguments.rate, arguments.seconds))
            asyncio.run(idle(arguments.idle, process))
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
