"""Changes of the configuration that come at once take turns, and each is answered.

    chtst01 alone: sixxsd, changed by whole configurations and by commands at the same time
"""

from __future__ import annotations

import threading

import pytest

from lab.daemon import Daemon, TunnelLine, configuration
from lab.site import PASSWORD, PLAN, Site

PUSHES = 80


def text_of(generation: int) -> str:
    tunnels = [TunnelLine(tid, tid + 1, "ayiya", 1280 + (generation + tid) % 200, PASSWORD) for tid in range(20)]
    return configuration(PLAN, tunnels)


@pytest.mark.seconds(90)
def test_each_of_many_changes_at_once_is_answered(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, text_of(0)).start()
    is_over = threading.Event()
    failures: list[str] = []

    def change(line: str) -> None:
        try:
            with daemon.session() as session:
                count = 0
                while not is_over.is_set():
                    count += 1
                    reply = session.command(line.format(mtu=1300 + count % 100))
                    if reply.code not in (200, 304):
                        failures.append(f"{line}: {reply.code} {reply.text}")
        except OSError as error:
            failures.append(f"{line}: {error!r}")

    lines = [f"tunnel set config {tid:x} T{tid} 192.0.2.{tid - 0x300} up {{mtu}}" for tid in range(0x301, 0x309)]
    threads = [threading.Thread(target=change, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    try:
        with daemon.session() as session:
            for generation in range(1, PUSHES + 1):
                reply = session.push(generation, text_of(generation))
                assert reply.is_success, reply.text
    finally:
        is_over.set()
        for thread in threads:
            thread.join(30)
    assert failures == []
    daemon.push(PUSHES + 1, text_of(0))
    assert daemon.command("config digest").text.startswith(f"generation {PUSHES + 1} ")
