"""Texts and numbers of others, in and out of the programs' command lines; no network, no namespaces.

    people ──► inventory, import, options ──► sixxs-central ──► terminal, pipe, log
    servers ─► SSH, control port ────────────►
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.programs import Programs

pytestmark = pytest.mark.seconds(20)

POP = ("pop", "add", "chtst01", "--id", "1", "--ipv4", "192.0.2.1", "--ipv6", "2001:db8::1")
EVIL = "x\x1b]0;owned\x07\x1b[2J\x9b31m\u202ey\nz"


class Desk:
    """A centre with a database of its own, spoken to as an operator does."""

    def __init__(self, programs: Programs, folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        self.database = folder / "central.db"
        self.environment = {**os.environ, "HOME": str(folder), "SIXXS_DATABASE": str(self.database), "NO_COLOR": "1"}
        self.run("init")

    def run(self, *words: str, check: bool = True, text: str | None = None) -> subprocess.CompletedProcess[str]:
        result = subprocess.run([self.programs.central, *words], env=self.environment, input=text, timeout=30,
                                capture_output=True, encoding="utf-8", check=False)
        assert not check or result.returncode == 0, result.stderr
        assert result.returncode >= 0, f"died of signal {-result.returncode}: {words}\n{result.stderr}"
        return result

    def everything(self) -> str:
        """What the commands that list things say for people."""
        words = (["pop", "list"], ["pop", "show", "chtst01"], ["user", "list"], ["audit"], ["events"], ["log"],
                 ["status"], ["history", "chtst01"], ["check"], ["doctor", "--offline"])
        return "".join((result := self.run(*each, check=False)).stdout + result.stderr for each in words)


@pytest.fixture
def desk(programs: Programs, tmp_path: Path) -> Desk:
    desk = Desk(programs, tmp_path)
    desk.run(*POP)
    return desk


def is_clean(text: str) -> bool:
    return not any(ord(each) < 0x20 and each not in "\n\t" or 0x7f <= ord(each) < 0xa0 or each in "\u202e\u2028" for each in text)


def test_what_the_registry_holds_moves_no_cursor_and_splits_no_row(desk: Desk) -> None:
    desk.run("user", "add", "mallory", "--name", "honest")
    # What an earlier version let in.
    with sqlite3.connect(desk.database) as database:
        database.execute("UPDATE pop SET city = ?", (EVIL,))
        database.execute("UPDATE user SET name = ?", (EVIL,))
    desk.run("user", "set", "mallory", "--mail", "m@example.net", check=False)

    said = desk.everything() + desk.run("user", "show", "mallory").stdout

    assert is_clean(said), repr(said)
    assert len(desk.run("user", "list").stdout.splitlines()) == len(desk.run("pop", "list").stdout.splitlines()) == 2
    listed = desk.run("pop", "list", "--json").stdout
    assert json.loads(listed)[0]["city"] == EVIL and is_clean(listed)


def test_what_could_not_be_shown_is_refused_where_it_enters(desk: Desk) -> None:
    before = desk.run("export", "--format", "json").stdout
    for words in (("user", "add", "mallory", "--name"), ("user", "add", "mallory", "--mail"), ("pop", "set", "chtst01", "--city"),
                  ("pop", "set", "chtst01", "--ssh-user"), ("pop", "set", "chtst01", "--ssh-key")):
        refused = desk.run(*words, EVIL, check=False)
        assert refused.returncode == 2 and "character 2 is U+001B" in refused.stderr and is_clean(refused.stderr), refused.stderr

    mutated = desk.folder / "fleet.json"
    mutated.write_text(before.replace('"city" : ""', '"city" : "a\\u0000b"'))
    refused = desk.run("import", str(mutated), check=False)
    assert refused.returncode == 1 and "pops[0].city: expected one line" in refused.stderr, refused.stderr

    (desk.folder / "pops").mkdir()
    (desk.folder / "pops" / "noosl01.yaml").write_text(
        'id: 2\nname: noosl01\nipv4: 192.0.2.2\nipv6: 2001:db8::2\ncity: "Os\\e[31mlo\\nX"\n')
    refused = desk.run("inventory", "apply", str(desk.folder), "--yes", check=False)
    assert refused.returncode == 1 and "noosl01.yaml:5:7: city: expected one line" in refused.stderr and is_clean(refused.stderr)
    assert desk.run("export", "--format", "json").stdout == before


@pytest.fixture
def rude_server() -> Iterator[int]:
    """A port where something ends every SSH connection with a message of its own (RFC 4253 section 11.1)."""
    listener = socket.create_server(("127.0.0.1", 0))

    def string(text: str) -> bytes:
        return struct.pack(">I", len(text.encode())) + text.encode()

    def serve() -> None:
        payload = b"\x01" + struct.pack(">I", 11) + string(EVIL) + string("")
        padding = 8 - (len(payload) + 5) % 8 + 8
        packet = struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"SSH-2.0-rude\r\n")
                connection.settimeout(2)
                try:
                    # The client's name and its SSH_MSG_KEXINIT (20) come first, so that it waits for ours.
                    came = b""
                    while b"\x14" not in came.partition(b"\n")[2] and (more := connection.recv(4096)):
                        came += more
                    connection.sendall(packet)
                    while connection.recv(4096):
                        pass
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_what_a_server_says_moves_no_cursor_now_or_out_of_the_database(desk: Desk, rude_server: int) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", desk.folder / "key"], check=True)
    desk.run("prefix", "add", "chtst01", "tunnel", "2001:db8:101::/48")
    desk.run("pop", "set", "chtst01", "--ssh-host", "127.0.0.1", "--ssh-port", str(rude_server), "--ssh-key",
             str(desk.folder / "key"))
    with sqlite3.connect(desk.database) as database:
        key = (desk.folder / "key.pub").read_text().split()
        database.execute("UPDATE pop SET hostKey = ?", (" ".join(key[:2]),))

    said = "".join((result := desk.run(*words, check=False)).stdout + result.stderr
                   for words in (["pop", "trust", "chtst01"], ["push"], ["doctor"]))

    assert "x?]0;owned??[2J" in said
    assert is_clean(said), repr(said)
    later = desk.everything()
    assert "x?]0;owned??[2J" in later and is_clean(later), repr(later)


def test_no_number_of_a_person_ends_a_program_by_a_trap(desk: Desk) -> None:
    document = json.loads(desk.run("export", "--format", "json").stdout)
    for number in ("9223372036854775807", "-9223372036854775808", "999999999999"):
        for words in (["check", "--overdue"], ["check", "--recent"], ["check", "--skew"], ["check", "--small"], ["log", "--last"],
                      ["history", "chtst01", "--limit"], ["history", "chtst01", "--diff"], ["rollback", "chtst01"]):
            desk.run(*words, number, check=False)
        for command in ("events", "audit", "log", "stats"):
            assert desk.run(command, "--since", f"{number}w", check=False).returncode == 2
        document["waves"]["share"] = int(number)
        refused = desk.run("import", "-", "--format", "json", check=False, text=json.dumps(document))
        assert refused.returncode == 1 and "waves.share: expected what export writes, found" in refused.stderr


def test_the_daemon_says_what_is_wrong_with_a_file_on_one_clean_line(programs: Programs, tmp_path: Path) -> None:
    path = tmp_path / "bad.conf"
    path.write_text(f"pop set id {EVIL.splitlines()[0]}\n")
    result = subprocess.run([programs.sixxsd, "configtest", path], capture_output=True, encoding="utf-8", check=False, timeout=20)
    assert result.returncode == 1 and result.stderr.count("\n") == 1 and is_clean(result.stderr), repr(result.stderr)
    assert "bad.conf:1:12: expected a PoP id, 0 to 4095, found \"x?]0;owned" in result.stderr


def shell(desk: Desk, line: str) -> subprocess.CompletedProcess[str]:
    """Runs a line of bash in which $C is the centre's program, $D the daemon's."""
    environment = {**desk.environment, "C": str(desk.programs.central), "D": str(desk.programs.sixxsd),
                   "K": str(desk.programs.client)}
    # Whatever the line mounts goes with it.
    return subprocess.run(["unshare", "--mount", "--propagation", "private", "bash", "-c", line], env=environment, capture_output=True, encoding="utf-8", check=False,
                          timeout=30, cwd=desk.folder)


SAYINGS = ("$C export", "$C export --format json", "$C render chtst01", "$C tunnel list --json", "$C --help", "$C pop list", "$C init",
           "$D --help", "$D check good.conf", "$K --help")


@pytest.mark.seconds(60)
def test_what_cannot_be_said_is_a_failure(desk: Desk) -> None:
    desk.run("prefix", "add", "chtst01", "tunnel", "2001:db8:101::/48")
    (desk.folder / "good.conf").write_text("pop set details 1 chtst01 192.0.2.1 2001:db8::1\npop set id 1\n")
    for words in SAYINGS:
        full = shell(desk, f"{words} > /dev/full")
        assert full.returncode == 1 and full.stderr.startswith("standard output: No space left on device"), (words, full)
        assert full.stderr.count("\n") == 1
        closed = shell(desk, f"{words} >&-")
        assert closed.returncode == 1 and closed.stderr.startswith("standard output: "), (words, closed)
        gone = shell(desk, f"{words} | true; exit ${{PIPESTATUS[0]}}")
        assert (gone.returncode, gone.stderr) == (0, ""), (words, gone)
    for words in ("$C --help", "$D --help", "$K --help"):
        limited = shell(desk, f"ulimit -f 0; {words} > some-file")
        assert limited.returncode == 1 and limited.stderr.startswith("standard output: File too large"), (words, limited)
    lost = shell(desk, "$C user add jdoe > /dev/full")
    assert lost.returncode == 1 and "sixxs-central user set jdoe --new-password makes another" in lost.stderr, lost


@pytest.mark.seconds(60)
def test_nothing_depends_on_being_heard(desk: Desk) -> None:
    (desk.folder / "bad.conf").write_text("nonsense\n")
    for words in ("$C status", "$C tunnel show T9", "$C nonsense", "$D check bad.conf", "$D nonsense", "$K 6in4"):
        expected = shell(desk, words).returncode
        for stream in ("2>&-", "2>/dev/full", ">&- 2>&-", "<&- >/dev/null 2>&-"):
            found = shell(desk, f"{words} {stream}").returncode
            # What has nowhere to say what it was asked for has failed besides.
            assert found == expected or found == 1 and stream.startswith(">&-"), (words, stream, found)
    # A database is never what complaints are written into.
    assert desk.run("verify").stdout.startswith("All rules hold")


def test_what_is_rendered_without_secrets_is_taken_for_no_configuration(desk: Desk) -> None:
    desk.run("prefix", "add", "chtst01", "tunnel", "2001:db8:101::/48")
    added, hint = desk.run("tunnel", "add", "chtst01", "--type", "ayiya").stdout.splitlines()
    assert hint == ("its user runs: sixxs-client ayiya --pop 192.0.2.1 --identity 2001:db8:101::2 --mtu 1280 --password-file FILE")
    password = added.split()[-1]
    hidden = desk.folder / "hidden.conf"
    hidden.write_text(desk.run("render", "chtst01").stdout)
    assert "<hidden>" in hidden.read_text() and password not in hidden.read_text()

    checked = subprocess.run([desk.programs.sixxsd, "configtest", hidden], capture_output=True, encoding="utf-8", check=False, timeout=20)
    assert checked.returncode == 1 and "expected the password itself, found \"<hidden>\"" in checked.stderr, checked.stderr
    imported = desk.run("import", str(hidden), "--pop", "chtst01", "--take-passwords", check=False)
    assert imported.returncode == 1 and "expected the password itself" in imported.stderr
    (desk.folder / "password").write_text("<hidden>\n")
    refused = desk.run("tunnel", "set", "T1", "--password-file", str(desk.folder / "password"), check=False)
    assert refused.returncode == 1 and "expected the password itself" in refused.stderr

    row = json.loads(desk.run("tunnel", "show", "T1", "--json").stdout)
    assert row["passwordSet"] is True and "password" not in row
    assert json.loads(desk.run("tunnel", "show", "T1", "--json", "--secret").stdout)["password"] == password
    for line in desk.run("audit", "--json").stdout, desk.run("audit").stdout:
        assert password not in line


def test_who_stops_reading_changes_no_status(desk: Desk) -> None:
    for words in ("check", "doctor --offline", "push", "status --json"):
        alone = shell(desk, f"$C {words} >out 2>&1; echo $?").stdout
        piped = shell(desk, f"mkfifo p; exec 9<>p; $C {words} 2>err | (exec <&-; echo >&9; sleep 0.3); echo ${{PIPESTATUS[0]}}; rm p").stdout
        assert alone == piped, (words, alone, piped)
    assert shell(desk, "$C check >/dev/null; echo $?").stdout != "0\n"


def test_files_with_secrets_are_never_open_to_others(desk: Desk) -> None:
    desk.run("prefix", "add", "chtst01", "tunnel", "2001:db8:101::/48")
    (desk.folder / "out").mkdir()
    (desk.folder / "out" / "chtst01.conf").write_text("old")
    traced = shell(desk, "umask 0; strace -f -e trace=openat,open,creat -o trace $C render --into out --secret") \
        if os.access("/usr/bin/strace", os.X_OK) else shell(desk, "umask 0; $C render --into out --secret")
    assert traced.returncode == 0, traced.stderr
    assert (desk.folder / "out" / "chtst01.conf").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (desk.folder / "out").iterdir()] == ["chtst01.conf"]
    if (desk.folder / "trace").exists():
        made = [line for line in (desk.folder / "trace").read_text().splitlines() if "O_CREAT" in line and "chtst01.conf" in line]
        assert made and all("0600" in line for line in made), made


def test_a_backup_says_what_is_in_its_way(desk: Desk) -> None:
    wal = f"{desk.database}-wal"
    with sqlite3.connect(desk.database):
        for path in (wal, f"{desk.database}-shm", str(desk.database)):
            refused = desk.run("backup", path, "--force", check=False)
            assert refused.returncode == 1 and "is the database itself, or its log" in refused.stderr, refused.stderr
    full = shell(desk, "mkdir t && mount -t tmpfs -o size=4k none t && head -c 4096 /dev/zero > t/fill; $C backup t/b.db")
    assert full.returncode == 1 and "no space is left; is the file system full?" in full.stderr, full.stderr


def test_a_read_only_file_system_is_enough_for_looking(desk: Desk) -> None:
    desk.run("prefix", "add", "chtst01", "tunnel", "2001:db8:101::/48")
    looked = shell(desk, "mkdir ro && mount -t tmpfs none ro && cp -a central.db* central-samples.db* ro; "
                         "export SIXXS_DATABASE=ro/central.db; mount -o remount,ro ro; for c in 'pop list' status 'render chtst01' verify 'audit' check 'doctor --offline'; do "
                         "$C $c >/dev/null 2>>err; echo $?; done; $C user add jdoe; echo $?; cat err >&2")
    assert looked.stdout.split()[:5] == ["0"] * 5, looked
    assert looked.stdout.split()[-1] == "1" and "mount -o remount,rw makes it writable" in looked.stderr, looked.stderr


def test_a_full_disk_is_enough_for_looking(desk: Desk) -> None:
    looked = shell(desk, "mkdir full && mount -t tmpfs -o size=2m none full && cp -a central.db central-samples.db full; "
                         "export SIXXS_DATABASE=full/central.db; cat /dev/zero >full/fill 2>/dev/null; "
                         "for c in 'pop list' status verify 'backup elsewhere.db'; do $C $c >/dev/null; echo $?; done; "
                         "$C user add jdoe >/dev/null; echo $?")
    assert looked.stdout.split() == ["0"] * 4 + ["1"], looked
    assert "is the file system full?" in looked.stderr, looked.stderr


def test_another_users_registry_may_be_looked_at(open_desk: Desk) -> None:
    nobody = "setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all"
    open_desk.run(*POP)
    looked = shell(open_desk, f"chmod 644 central.db central-samples.db; HOME=/ {nobody} $C pop list; echo $?; "
                              f"HOME=/ {nobody} $C user add jdoe; echo $?")
    assert "chtst01" in looked.stdout and looked.stdout.split()[-1] == "1", looked
    assert "chmod 600" in looked.stderr or "belongs to root" in looked.stderr, looked.stderr


def test_what_is_no_registry_is_not_taken_for_one(desk: Desk) -> None:
    empty = desk.folder / "empty.db"
    empty.write_bytes(b"")
    for words in (["status"], ["pop", "list"], ["push"], ["serve"], ["doctor"]):
        refused = desk.run(*words, "--database", str(empty), check=False)
        said = refused.stdout + refused.stderr
        assert refused.returncode == 1 and "is empty, so it holds no registry" in said and "restore" in said, said
    assert empty.stat().st_size == 0

    garbage = desk.folder / "garbage.db"
    garbage.write_bytes(b"no database at all\n" * 100)
    garbage.chmod(0o600)
    ill = desk.run("doctor", "--offline", "--json", "--database", str(garbage), check=False)
    assert ill.returncode == 1 and any(row["level"] == "fail" and row["subject"] == "registry" for row in json.loads(ill.stdout))


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    """A desk with two users and four tunnels."""
    desk.run("prefix", "add", "chtst01", "tunnel", "2001:db8:101::/48")
    desk.run("prefix", "add", "chtst01", "subnet", "2001:db8:3000::/40")
    for user in ("jdoe", "asmith"):
        desk.run("user", "add", user, "--mail", f"{user}@example.net", "--no-password")
    for words in (("ayiya", "--owner", "jdoe"), ("heartbeat", "--owner", "jdoe"), ("static", "--endpoint", "198.51.100.7"),
                  ("ayiya", "--owner", "asmith")):
        desk.run("tunnel", "add", "chtst01", "--type", *words)
    desk.run("subnet", "add", "T1")
    return desk


def test_many_are_changed_together_or_not_at_all(staffed: Desk) -> None:
    def tunnels(*words: str) -> list[str]:
        return [row["tunnel"] for row in json.loads(staffed.run("tunnel", "list", *words, "--json").stdout)]

    assert staffed.run("tunnel", "disable", "T1", "T2").stdout == \
        "T1, T2 disabled; their PoPs get it with the next push\n"
    assert tunnels("--disabled") == ["T1", "T2"] == tunnels("--owner", "jdoe")
    named = "\n".join(tunnels("--owner", "jdoe"))
    enabled = json.loads(staffed.run("tunnel", "enable", "-", "--json", text=named).stdout)
    assert [(row["tunnel"], row["enabled"]) for row in enabled] == [("T1", True), ("T2", True)]
    refused = staffed.run("tunnel", "remove", "T3", "T1", "--yes", check=False)
    assert refused.returncode == 1 and "T1 has 1 subnet: remove them first; nothing was changed" in refused.stderr
    wrong = staffed.run("tunnel", "remove", "-", "--yes", text="T3 nonsense", check=False)
    assert wrong.returncode == 2 and "standard input: expected a tunnel number" in wrong.stderr
    unasked = staffed.run("tunnel", "remove", "T3", check=False)
    assert unasked.returncode == 2 and "repeat with --yes" in unasked.stderr and tunnels() == ["T1", "T2", "T3", "T4"]
    removed = json.loads(staffed.run("subnet", "remove", "2001:db8:3000::/48", "--yes", "--json").stdout)
    assert removed == [{"pop": "chtst01", "prefix": "2001:db8:3000::/48", "tunnel": "T1"}]
    assert tunnels("--type", "static", "--pop", "chtst01") == ["T3"]
    assert [row["handle"] for row in json.loads(staffed.run("user", "list", "--type", "heartbeat", "--json").stdout)] == ["jdoe"]
    down = json.loads(staffed.run("tunnel", "list", "--down", "--json").stdout)
    assert {row["tunnel"] for row in down} == {"T1", "T2", "T3", "T4"} and all(row["since"] is None for row in down)


def test_whose_an_address_is_and_was(staffed: Desk) -> None:
    inner = json.loads(staffed.run("whose", "2001:db8:101:3::2", "--json").stdout)["matches"][0]
    assert (inner["kind"], inner["tunnel"], inner["owner"], inner["mail"]) == ("tunnel", "T4", "asmith", "asmith@example.net")
    assert "jdoe@example.net" in staffed.run("whose", "2001:db8:3000::1").stdout
    assert "where the tunnel ends, 198.51.100.7" in staffed.run("whose", "198.51.100.7").stdout
    with sqlite3.connect(staffed.database) as database:
        # All of it happened an hour ago.
        database.executescript("DROP TRIGGER auditIsFinal; UPDATE audit SET time = time - 3600000")
    staffed.run("tunnel", "set", "T4", "--owner", "jdoe")
    staffed.run("pop", "rename", "chtst01", "chzrh01")
    assert json.loads(staffed.run("whose", "2001:db8:101:3::2", "--json").stdout)["matches"][0]["owner"] == "jdoe"
    then = json.loads(staffed.run("whose", "2001:db8:101:3::2", "--at", "30m", "--json").stdout)["matches"][0]
    assert (then["owner"], then["pop"]) == ("asmith", "chtst01")
    before = staffed.run("whose", "192.0.2.1", "--at", "3d", check=False)
    assert before.returncode == 1 and "its history begins at" in before.stderr
    nobody = staffed.run("whose", "203.0.113.9", check=False)
    assert nobody.returncode == 1 and "203.0.113.9 belonged to nobody at" in nobody.stderr
    gone = staffed.run("history", "chtst01", check=False)
    assert gone.returncode == 1 and "there is no PoP chtst01: it is chzrh01 since" in gone.stderr
    assert "change pop chtst01: name chtst01 -> chzrh01" in staffed.run("audit", "chzrh01").stdout


def test_an_exported_inventory_is_the_registry(staffed: Desk) -> None:
    folder = str(staffed.folder / "inventory")
    assert staffed.run("inventory", "export", folder).stdout == f"1 PoP written into {folder}\n"
    assert staffed.run("inventory", "diff", folder).stdout == "No difference.\n"
    assert staffed.run("inventory", "apply", folder).stdout == "Nothing to change.\n"
    staffed.run("pop", "set", "chtst01", "--city", "Bern")
    differs = staffed.run("inventory", "diff", folder, check=False)
    assert (differs.returncode, differs.stdout) == (2, "change pop chtst01: city Bern -> none\n")
    refused = staffed.run("inventory", "export", folder, check=False)
    assert refused.returncode == 1 and "says something else" in refused.stderr
    assert staffed.run("inventory", "export", folder, "--force").returncode == 0
    assert staffed.run("inventory", "diff", folder, "--json").returncode == 0


def test_a_word_that_is_none_is_named_with_the_nearest(staffed: Desk) -> None:
    for words, said, status in ((("tunel", "list"), "Did you mean 'sixxs-central tunnel'?", 2),
                                (("tunnel", "lits"), "Did you mean 'sixxs-central tunnel list'?", 2),
                                (("disable", "T1"), "Did you mean 'sixxs-central tunnel disable'?", 2),
                                (("tunnel", "list", "--onwer", "jdoe"), "Did you mean '--owner'?", 2),
                                (("status", "chtst02"), "there is no PoP chtst02; did you mean chtst01?", 1),
                                (("events", "T99"), "there never was a tunnel T99", 1),
                                (("audit", "T99"), "the audit knows no T99", 1)):
        refused = staffed.run(*words, check=False)
        assert refused.returncode == status and said in refused.stderr, (words, refused.stderr)
    for program in (staffed.programs.sixxsd, staffed.programs.client):
        refused = subprocess.run([program, "staus"], capture_output=True, encoding="utf-8", check=False, timeout=20)
        assert "There is no command" in refused.stderr, refused.stderr
    assert staffed.run("--version").stdout == "sixxs-central 0.2.0\n"


@pytest.fixture
def open_desk(programs: Programs) -> Iterator[Desk]:
    """A desk, and programs, where every user may go."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copy(programs.central, folder)
        yield Desk(Programs(folder), folder)


def test_what_root_makes_is_for_the_user_who_serves(open_desk: Desk) -> None:
    desk = open_desk
    nobody = "setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all"
    made = shell(desk, f"mkdir lib && chown nobody lib && export SIXXS_DATABASE=$PWD/lib/central.db HOME=/ && "
                       f"{nobody} $C init && rm lib/central-samples.db* && $C verify && $C plan; $C push; stat -c '%U %n' lib/*; "
                       f"{nobody} $C pop list")
    assert made.returncode == 0, made
    owners = [line.split()[0] for line in made.stdout.splitlines() if "lib/central" in line and line.split()[0] in ("root", "nobody")]
    assert owners and set(owners) == {"nobody"}, made.stdout
    (desk.folder / "lib" / "central-samples.db").touch()
    os.chown(desk.folder / "lib" / "central-samples.db", 0, 0)
    ill = desk.run("doctor", "--offline", "--database", str(desk.folder / "lib" / "central.db"), check=False)
    assert ill.returncode == 1 and "no service can open both" in ill.stdout, ill.stdout
    denied = shell(desk, f"chmod 700 lib; chown root lib; {nobody} $C status --database $PWD/lib/central.db")
    assert denied.returncode == 1 and "there is no database" not in denied.stderr and "belongs to root" in denied.stderr, denied.stderr
