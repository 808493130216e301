"""A day that was: steps of ten minutes in a centre's samples, so that graphs have something to draw."""

from __future__ import annotations

import math
import sqlite3
import time
from contextlib import closing
from pathlib import Path

STEP, COUNT, PROBES = 600, 143, 10
BUCKET_BITS, SMALLEST = 5, 250


def packed(times: list[float]) -> bytes:
    """Round trips of so many milliseconds, as the centre keeps them."""
    counts: dict[int, int] = {}
    for milliseconds in times:
        bucket = max(0, math.ceil(math.log2(milliseconds * 1000 / SMALLEST)))
        counts[bucket] = counts.get(bucket, 0) + 1
    octets = bytearray()
    for bucket, count in sorted(counts.items()):
        value = count << BUCKET_BITS | bucket
        while value > 0x7F:
            octets.append(value & 0x7F | 0x80)
            value >>= 7
        octets.append(value)
    return bytes(octets)


def fill(samples: Path, pops: dict[int, float], tunnels: dict[int, float]) -> None:
    """Gives each PoP and each tunnel a day of traffic (its usual Mbit/s), latency, and an hour in which some was lost."""
    last = int(time.time()) // STEP - 1
    with closing(sqlite3.connect(samples, timeout=20)) as connection, connection:
        for pop, rate in pops.items():
            sums = [0, 0, 0, 0]
            for index, (number, share, answers) in enumerate(_day(last, pop)):
                octets = int(rate * 1e6 / 8 * STEP * share)
                sums = [sums[0] + octets // 900, sums[1] + octets, sums[2] + octets // 1500, sums[3] + octets // 4]
                connection.execute(
                    "INSERT OR REPLACE INTO popStep (seconds, popID, time, reports, online, active, configured, rxPackets, rxBytes, txPackets,"
                    " txBytes, sent, received, latencyMicroseconds, roundTrips) VALUES (?, ?, ?, 1, 1, 1, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (STEP, pop, number * STEP * 1000, *sums, PROBES, len(answers), int(sum(answers) * 1000), packed(answers)))
        for tunnel, rate in tunnels.items():
            for number, share, answers in _day(last, tunnel):
                octets = int(rate * 1e6 / 8 * STEP * share)
                connection.execute(
                    "INSERT OR REPLACE INTO tunnelStep (step, number, tunnel, reports, reportsUp, span, inPackets, inBytes, outPackets, outBytes,"
                    " sent, received, latencyMicroseconds, roundTrips) VALUES (0, ?, ?, 1, 1, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (number, tunnel, octets // 4 // 900, octets // 4, octets // 1400, octets, PROBES, len(answers),
                     int(sum(answers) * 1000), packed(answers)))


def _day(last: int, seed: int) -> list[tuple[int, float, list[float]]]:
    """Of each step its number, how busy it was, and how long each answer took, in ms; an hour of it is missing."""
    steps = []
    for index in range(COUNT):
        if 60 <= index < 66:
            continue
        busy = 0.55 + 0.4 * math.sin((index + 17 * seed) / 23) + 0.05 * math.sin(index * 2.3)
        lost = 3 if 100 <= index < 106 else 0
        answers = [14 + 25 * busy * abs(math.sin(index * 7.1 + probe)) for probe in range(PROBES - lost)]
        steps.append((last - COUNT + 1 + index, busy, answers))
    return steps
