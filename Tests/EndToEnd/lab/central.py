"""sixxs-central, run as an operator runs it."""

from __future__ import annotations

import json
import os
import re
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
        """The caller's environment with a home folder and no agent that hold anyone's keys."""
        return {**os.environ, "HOME": str(self.folder), "SIXXS_DATABASE": str(self.database), "NO_COLOR": "1",
                "SSH_AUTH_SOCK": ""}

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

    def line_about(self, pop: str, *words: object, exit_code: int = 1) -> str:
        """Runs a command that complains of a PoP, and returns what it says on standard error."""
        result = self.run(*words, check=False)
        said = [line for line in result.stderr.splitlines() if re.search(rf"\b{pop}\b", line)]
        assert result.returncode == exit_code and len(said) == 1, f"exit {result.returncode}\n{result.stdout}{result.stderr}"
        return said[0]

    def outcomes(self, *words: object) -> dict[str, str]:
        """Pushes, and returns what became of each PoP."""
        consent = ["--yes"] if "--force" in words else []
        result = self.run("push", *words, *consent, "--json", check=False)
        rows = json.loads(result.stdout)
        fine = all(row["outcome"] in ("applied", "unchanged") for row in rows)
        assert result.returncode == (0 if fine else 1), result
        return {row["pop"]: row["outcome"] for row in rows}

    def notes(self, pop: str) -> str:
        """What `status` says of a PoP besides its row."""
        return self.run("status", pop).stderr

    def events(self, pop: str | None = None) -> list[tuple[str, str]]:
        """Kind and words of what happened to a PoP, or to all, in order."""
        rows = self.json("events", *([pop] if pop else []), "--last", 1000)
        return [(row["kind"], row["detail"]) for row in rows]  # type: ignore[union-attr, index, attr-defined]

    def kinds(self, pop: str | None = None) -> list[str]:
        return [kind for kind, _ in self.events(pop)]
