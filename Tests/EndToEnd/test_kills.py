"""Killed at any instant, the daemon comes back with exactly the old or exactly the new configuration.

    chtst01 alone: sixxsd, killed again and again during pushes, trials and saves

30 kills in `make test`; SIXXS_LONG=1 makes it 1,000.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import threading
import time

import pytest

from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import wait_for
from lab.site import PASSWORD, PLAN, Site

KILLS = 1000 if os.environ.get("SIXXS_LONG") else 30
pytestmark = pytest.mark.seconds(3600 if KILLS > 30 else 90)
SEED = int(os.environ.get("SIXXS_SEED", "4"))


def text_of(generation: int) -> str:
    """Some tunnels; each generation differs from all others."""
    tunnels = [TunnelLine(tid, tid + 1, "ayiya", 1280 + (generation + tid) % 200, PASSWORD) for tid in range(400)]
    return configuration(PLAN, [*tunnels, TunnelLine(0x1000, 10_000 + generation, "203.0.113.10", 1280)])


def running(daemon: Daemon) -> tuple[int, str]:
    words = daemon.command("config digest").text.split()
    return int(words[1]), words[3]


def is_whole(daemon: Daemon) -> bool:
    """Says whether what runs has the digest that it claims."""
    with contextlib.closing(daemon.unix_session()) as session:
        lines = session.command("config show").lines or ()
    return hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest() == running(daemon)[1]


def begin(daemon: Daemon, what: str, generation: int) -> threading.Thread:
    """Begins something that the kill comes in the middle of; what it answers nobody hears."""
    def act() -> None:
        with contextlib.suppress(OSError, ValueError), daemon.session() as session:
            if what == "save":
                session.command(f"tunnel set config 1001 T9999 192.0.2.9 up {1280 + generation % 200}")
                session.command("pop saveconfig")
            elif what == "trial":
                session.push(generation, text_of(generation), confirm=600)
                session.command(f"config confirm {generation}")
            else:
                session.push(generation, text_of(generation))

    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_a_kill_leaves_the_old_or_the_new(site: Site) -> None:
    rng = random.Random(SEED)
    daemon = Daemon(site.pop, site.programs.sixxsd, text_of(0)).start()
    assert daemon.push(1, text_of(1)).is_success
    outcomes = {"old": 0, "new": 0}
    for kill in range(KILLS):
        before = running(daemon)
        generation = kill + 2
        what = rng.choice(["push", "push", "trial", "save"])
        thread = begin(daemon, what, generation)
        time.sleep(rng.uniform(0, 0.12))
        daemon.kill()
        thread.join()
        daemon.start()
        after = running(daemon)
        assert is_whole(daemon), (kill, what)
        if what == "save":
            outcome = "new" if after[1] != before[1] else "old"
            assert after[0] == before[0], (kill, what, before, after)
        else:
            outcome = "new" if after[0] == generation else "old"
            assert after == before if outcome == "old" else after[0] == generation, (kill, what, before, after)
        outcomes[outcome] += 1
        # What was on trial when the kill came is made to stay, so that the next kill knows what is old.
        daemon.command(f"config confirm {after[0]}")
        daemon.command("pop saveconfig")
        # Not at once: the daemon that runs may be about to write its sessions down.
        wait_for(lambda: not list(daemon.file.parent.glob("*.new")), 10, "nothing to be left over")
    print(f"{KILLS} kills, seed {SEED}: {outcomes}")
    assert min(outcomes.values()) > 0


def test_a_trial_survives_a_kill_and_ends_in_time(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, text_of(0)).start()
    assert daemon.push(1, text_of(1)).is_success
    before = running(daemon)
    begun = time.monotonic()
    assert daemon.push(2, text_of(2), confirm=6).is_success
    daemon.kill()
    daemon.start()
    assert running(daemon)[0] == 2, "what is on trial comes back"
    wait_for(lambda: running(daemon) == before, 8, "the confirmed configuration")
    assert time.monotonic() - begun < 9
    daemon.kill()
    daemon.start()
    assert running(daemon) == before


def test_a_trial_that_ended_while_nothing_ran_is_over(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, text_of(0)).start()
    assert daemon.push(1, text_of(1)).is_success
    before = running(daemon)
    assert daemon.push(2, text_of(2), confirm=1).is_success
    daemon.kill()
    time.sleep(1.5)
    daemon.start()
    assert running(daemon) == before
    assert not daemon.file.with_name("sixxsd.conf.trial").exists()
    assert "not confirmed in time" in daemon.log


def test_a_confirmed_trial_stays(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, text_of(0)).start()
    assert daemon.push(2, text_of(2), confirm=2).is_success
    assert daemon.command("config confirm 2").is_success
    daemon.kill()
    time.sleep(2)
    daemon.start()
    assert running(daemon)[0] == 2
