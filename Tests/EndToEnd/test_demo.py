"""`make demo` passes, can be interrupted at any step, and leaves nothing behind.

    what the demonstration draws, built by a child process that is told to end
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.programs import Programs
from test_laboratory import traces

SECONDS = 29
DEMO = Path(__file__).with_name("demo.py")


def start(programs: Programs, *options: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "SIXXS_BIN": str(programs.folder), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen([sys.executable, DEMO, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=environment, start_new_session=True)


def read_until(child: subprocess.Popen[str], pattern: str) -> str:
    said = ""
    assert child.stdout is not None
    for line in child.stdout:
        said += line
        if re.search(pattern, line):
            return said
    raise AssertionError(f"the demonstration never said {pattern}:\n{said}")


def test_it_passes(programs: Programs) -> None:
    child = start(programs, "--seconds", "1")
    said, _ = child.communicate(timeout=SECONDS)
    assert child.returncode == 0, said
    assert re.search(r"^\d\d+ passed, 0 failed$", said, re.MULTILINE), said
    assert traces(child.pid) == []


@pytest.mark.parametrize(("step", "number"), [
    ("inventory apply", signal.SIGINT), ("pop trust", signal.SIGTERM), ("comes up", signal.SIGHUP),
    ("octets", signal.SIGINT)])
def test_interrupted_it_leaves_nothing(programs: Programs, step: str, number: int) -> None:
    child = start(programs)
    try:
        read_until(child, step)
        # As a terminal does: to the whole group.
        os.killpg(child.pid, number)
        assert child.wait(15) != 0
        assert traces(child.pid) == []
    finally:
        child.kill()
