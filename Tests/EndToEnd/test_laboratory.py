"""The laboratory itself leaves nothing behind, however it ends.

    a child process: core ── inet ── home, then told to end
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.accounts import UID, USER, Accounts
from lab.namespace import Laboratory, run, wait_for
from lab.programs import Programs
from lab.topology import Backbone
from lab.traffic import ping

CHILD = """
import sys, time
sys.path.insert(0, {path!r})
from lab.namespace import Laboratory, exit_on_signals
from lab.topology import Backbone
exit_on_signals()
with Laboratory() as laboratory:
    home = Backbone(laboratory).add_host("home", "203.0.113.10")
    home.spawn("sleep", 600)
    home.spawn("sh", "-c", "trap '' TERM; sleep 601")
    print("up", flush=True)
    if {crash}:
        raise RuntimeError("on purpose")
    time.sleep(600)
"""


def start(crash: bool = False) -> subprocess.Popen[str]:
    code = CHILD.format(path=str(Path(__file__).parent), crash=crash)
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout is not None and child.stdout.readline() == "up\n"
    return child


def traces(pid: int) -> list[str]:
    return [str(path) for pattern in ("/run/netns", "/tmp") for path in Path(pattern).glob(f"sx{pid}*")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_stays_after_a_signal(programs: Programs, number: int) -> None:
    child = start()
    assert traces(child.pid)
    child.send_signal(number)
    # Namespaces of other tests that are being removed meanwhile make it wait.
    assert child.wait(60) != 0
    assert traces(child.pid) == []


def test_nothing_stays_after_an_exception(programs: Programs) -> None:
    child = start(crash=True)
    assert child.wait(60) == 1
    assert traces(child.pid) == []


def test_a_killed_run_is_cleaned_up_by_the_next(programs: Programs) -> None:
    child = start()
    child.kill()
    child.wait()
    assert traces(child.pid)
    Laboratory().close()
    assert traces(child.pid) == []


def test_a_living_run_is_left_alone(programs: Programs) -> None:
    child = start()
    Laboratory().close()
    assert traces(child.pid)
    child.terminate()
    child.wait(60)


def test_accounts_do_not_depend_on_files_of_the_host(laboratory: Laboratory) -> None:
    """What is mounted over a file is gone as soon as another program replaces that file, as all account tools do."""
    accounts = Accounts(laboratory)
    process = laboratory.namespace("host").spawn(*accounts.within("sleep", "60"))
    root = Path(f"/proc/{process.pid}/root")
    wait_for(lambda: f"{USER}:x:{UID}:" in (root / "etc/passwd").read_text(), 5, "the account")
    mounted = {line.split()[4] for line in Path(f"/proc/{process.pid}/mountinfo").read_text().splitlines()}
    assert "/etc" in mounted and not mounted & {f"/etc/{name}" for name in ("passwd", "group", "shadow")}
    assert f"{USER}:" not in Path("/etc/passwd").read_text()
    # All else is the host's.
    hosts = run(*accounts.within("cat", "/etc/nsswitch.conf")).stdout
    assert hosts == Path("/etc/nsswitch.conf").read_text()


def test_hosts_reach_each_other_as_drawn(laboratory: Laboratory) -> None:
    backbone = Backbone(laboratory)
    home = backbone.add_host("home", "203.0.113.10")
    nat = backbone.add_nat("nat", "203.0.113.77")
    hidden = backbone.add_behind(nat, "hidden")
    assert ping(hidden, "203.0.113.10", size=1500).all_arrived
    assert not ping(home, "192.168.77.2", count=1, timeout=0.2).all_arrived
    backbone.move(home, "203.0.113.10", "203.0.113.11")
    assert ping(hidden, "203.0.113.11").all_arrived
