"""Users and groups that exist for some programs of the laboratory, and nowhere else.

Such a program sees an /etc that is the laboratory's: links into the host's, and account files of its own. Files of the
host are never mounted over: when another program replaces one of those, whatever was mounted over it is gone with it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from .namespace import Laboratory

USER = "sixxs"
UID = 64999
# Another user, and a group of operators that only the first one is in.
STRANGER, STRANGER_UID = "sxother", 64998
GROUP = "sxops"
GID = 64997

LINES = {
    "passwd": f"{USER}:x:{UID}:{UID}:sixxsd control:/nonexistent:/bin/false\n"
              f"{STRANGER}:x:{STRANGER_UID}:{STRANGER_UID}:somebody else:/nonexistent:/bin/false\n",
    "group": f"{USER}:x:{UID}:\n{STRANGER}:x:{STRANGER_UID}:\n{GROUP}:x:{GID}:{USER}\n",
    "shadow": f"{USER}:*:20000:0:99999:7:::\n{STRANGER}:*:20000:0:99999:7:::\n",
}

# In a mount namespace of its own: the host's /etc where the links lead, and the laboratory's in its place.
SETUP = """\
mount --make-rprivate / &&
mount --rbind /etc '{folder}/host' &&
mount --bind '{folder}/etc' /etc &&
exec "$@"
"""


class Accounts:
    """The laboratory's own /etc; made once."""

    def __init__(self, laboratory: Laboratory) -> None:
        self.folder = laboratory.folder / "accounts"
        if not self.folder.exists():
            self._make()

    def within(self, *argv: object) -> list[str]:
        """The command that runs `argv` with these accounts; it becomes that program, with the same process id."""
        return ["unshare", "--mount", "/bin/sh", "-c", SETUP.format(folder=self.folder), "sh",
                *(str(word) for word in argv)]

    def _make(self) -> None:
        etc, host = self.folder / "etc", self.folder / "host"
        etc.mkdir(parents=True, mode=0o755)
        host.mkdir(mode=0o755)
        for name in os.listdir("/etc"):
            # A backup of an account file must not look like one.
            if name not in LINES:
                (etc / name).symlink_to(host / name)
        for name, lines in LINES.items():
            path = etc / name
            path.write_text(Path("/etc", name).read_text() + lines)
            path.chmod(0o600 if name == "shadow" else 0o644)


@contextlib.contextmanager
def acting_as(uid: int, groups: tuple[int, ...] = ()) -> Iterator[None]:
    """Sockets that are made and connected in the block are another user's, as the kernel sees it."""
    if uid == 0:
        yield
        return
    before = os.getgroups()
    os.setgroups(groups)
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)
