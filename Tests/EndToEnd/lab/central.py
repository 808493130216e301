"""sixxs-central, run as an operator runs it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from .namespace import Namespace, Process


class Central:
    """The centre's command line with a database of its own."""

    def __init__(self, namespace: Namespace, program: Path) -> None:
        self.namespace = namespace
        self.program = program
        self.folder = namespace.laboratory.folder / "centre"
        self.folder.mkdir(mode=0o700)
        self.database = self.folder / "central.db"

    @property
    def environment(self) -> dict[str, str]:
        """The caller's environment with a home folder that holds no one's keys."""
        return {**os.environ, "HOME": str(self.folder), "SIXXS_DATABASE": str(self.database), "NO_COLOR": "1"}

    def run(self, *words: object, check: bool = True, timeout: float = 60,
            input: str | None = None) -> subprocess.CompletedProcess[str]:
        return self.namespace.run(self.program, *words, check=check, timeout=timeout, env=self.environment, input=input)

    def json(self, *words: object, check: bool = True) -> object:
        """What a command answers with `--json`."""
        return json.loads(self.run(*words, "--json", check=check).stdout)

    def spawn(self, *words: object) -> Process:
        return self.namespace.spawn(self.program, *words, name="sixxs-central", env=self.environment)

    def add_tunnel(self, pop: str, kind: str, *words: object) -> str:
        """Adds a tunnel and returns its `T<n>`."""
        return self.run("tunnel", "add", pop, "--type", kind, *words).stdout.split()[0]
