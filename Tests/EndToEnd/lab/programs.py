"""Finds the programs under test, and says what this machine lacks to run them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .namespace import IP, run
from .sshd import PROGRAM as SSHD

REPOSITORY = Path(__file__).resolve().parents[3]
TOOLS = ("ip", "nft", "ss", "ping", "iperf3", "tcpdump", "tshark", "ethtool", "ssh-keygen", "unshare")


@dataclass(frozen=True)
class Programs:
    """The three programs of one build."""

    folder: Path

    @property
    def sixxsd(self) -> Path:
        return self.folder / "sixxsd"

    @property
    def client(self) -> Path:
        return self.folder / "sixxs-client"

    @property
    def central(self) -> Path:
        return self.folder / "sixxs-central"

    @property
    def missing(self) -> list[str]:
        return [path.name for path in (self.sixxsd, self.client, self.central) if not os.access(path, os.X_OK)]


def find_programs() -> Programs:
    """The build in SIXXS_BIN, else the release build, else the debug build."""
    given = os.environ.get("SIXXS_BIN")
    if given:
        return Programs(Path(given).resolve())
    builds = [REPOSITORY / ".build" / kind for kind in ("release", "debug")]
    return next((Programs(build) for build in builds if not Programs(build).missing), Programs(builds[0]))


def what_is_missing() -> str | None:
    """Why the laboratory cannot run here, in plain words, or None when it can."""
    if os.geteuid() != 0:
        return "the laboratory needs root"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    absent = [tool for tool in TOOLS if shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]
    if not os.access(SSHD, os.X_OK):
        absent.append("sshd")
    if absent:
        return f"not installed: {', '.join(absent)} (make packages)"
    probe = f"sx{os.getpid()}-probe"
    if run(IP, "netns", "add", probe, check=False).returncode != 0:
        return "network namespaces cannot be made here"
    run(IP, "netns", "del", probe, check=False)
    return None
