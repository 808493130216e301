"""What `make install` puts where, and whether shells and man can use it. No network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.programs import REPOSITORY, Programs

UNITS = ("sixxsd", "sixxs-central")
PAGES = {"sixxsd": 8, "sixxs-client": 1, "sixxs-central": 1}
SHELLS = {"bash": "bash-completion/completions/{}", "zsh": "zsh/site-functions/_{}",
          "fish": "fish/vendor_completions.d/{}.fish"}


def run(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=20,
                          **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="module")
def root(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which everything was installed."""
    folder = tmp_path_factory.mktemp("root")
    environment = {**os.environ, "DESTDIR": str(folder), "PREFIX": "/usr"}
    environment.pop("PLUGINS", None)
    result = run(REPOSITORY / "Packaging/install", programs.folder, env=environment)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return folder


def complete(root: Path, *words: str) -> set[str]:
    """What bash offers behind these words."""
    script = f"""
        source {root}/usr/share/bash-completion/completions/{words[0]}
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${{#COMP_LINE}}
        function=$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        "$function" "$1" "${{@: -1}}" "${{@: -2:1}}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    result = run("bash", "--norc", "--noprofile", "-c", script, "bash", *words, cwd=root)
    assert result.stderr == "", result.stderr
    return {line.strip() for line in result.stdout.splitlines()}


def test_everything_is_there(root: Path) -> None:
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    expected = {"usr/sbin/sixxsd", "usr/bin/sixxs-client", "usr/bin/sixxs-central",
                "usr/lib/nagios/plugins/check_sixxsd", "usr/share/sixxs-central/mail-event",
                "usr/share/sixxs-central/post-event"}
    for name, section in PAGES.items():
        expected.add(f"usr/share/man/man{section}/{name}.{section}")
        expected |= {f"usr/share/{place.format(name)}" for place in SHELLS.values()}
    texts = {f"usr/lib/{place}" for unit in UNITS for place in (f"systemd/system/{unit}.service", f"sysusers.d/{unit}.conf")}
    # Which account a client becomes is the host's choice: it makes none.
    texts |= {f"usr/lib/systemd/system/sixxs-client{form}.service" for form in ("", "@")}
    assert files == expected | texts
    for name in expected:
        assert os.access(root / name, os.X_OK) == ("/share/" not in name or "/share/sixxs-central/" in name), name
    assert not any(os.access(root / name, os.X_OK) for name in texts)


@pytest.mark.parametrize("name", [*UNITS, "sixxs-client", "sixxs-client@"])
def test_units_are_understood_by_systemd(root: Path, programs: Programs, tmp_path: Path, name: str) -> None:
    text = (root / f"usr/lib/systemd/system/{name}.service").read_text()
    command = re.search(r"^ExecStart=(\S+) ", text, re.MULTILINE)
    assert command and (root / command[1].lstrip("/")).exists(), "the program where it was installed"
    # A template has instances only.
    unit = tmp_path / f"{name.replace('@', '@home')}.service"
    unit.write_text(text.replace(f"={command[1]} ", f"={programs.folder / name.rstrip('@')} "))
    result = run("systemd-analyze", "verify", "--man=no", unit)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    # Types that systemd 252, of Debian 12, takes for simple, with a warning in the log alone.
    assert re.search(r"^Type=(notify|exec)$", text, re.MULTILINE)


@pytest.mark.parametrize("name", UNITS)
def test_units_run_as_accounts_that_are_made(root: Path, tmp_path: Path, name: str) -> None:
    text = (root / f"usr/lib/systemd/system/{name}.service").read_text()
    user = re.search(r"^User=(\S+)$", text, re.MULTILINE)
    state = re.search(r"^StateDirectory=(\S+)$", text, re.MULTILINE)
    assert user and state
    for folder in ("etc", "var/lib"):
        (tmp_path / folder).mkdir(parents=True)
    result = run("systemd-sysusers", f"--root={tmp_path}", root / f"usr/lib/sysusers.d/{name}.conf")
    assert result.returncode == 0, result
    row = next(line.split(":") for line in (tmp_path / "etc/passwd").read_text().splitlines() if line.startswith(f"{user[1]}:"))
    assert row[5] == f"/var/lib/{state[1]}"


def test_one_database_is_meant_by_all(root: Path, programs: Programs) -> None:
    path = "/var/lib/sixxs-central/central.db"
    unit = (root / "usr/lib/systemd/system/sixxs-central.service").read_text()
    assert f"--database {path} " in unit
    assert path in (root / "usr/share/man/man1/sixxs-central.1").read_text().replace("\\-", "-")
    assert f"default `{path}`" in (REPOSITORY / "docs/central.md").read_text()
    said = run(programs.central, "status", env={"PATH": "/usr/bin:/bin", "HOME": "/"})
    assert said.returncode == 1 and path in said.stderr, said


@pytest.mark.parametrize("name", PAGES)
def test_completions_parse(root: Path, name: str) -> None:
    for shell, place in SHELLS.items():
        script = root / "usr/share" / place.format(name)
        assert name in script.read_text()
        if shell == "bash" or shutil.which(shell):
            result = run(shell, "-n", script)
            assert (result.returncode, result.stderr) == (0, ""), shell


def test_bash_completes_subcommands_options_and_values(root: Path) -> None:
    assert complete(root, "sixxs-central", "tun") == {"tunnel"}
    assert {"add", "list", "show", "remove"} <= complete(root, "sixxs-central", "tunnel", "")
    assert complete(root, "sixxs-central", "push", "--fo") == {"--force"}
    assert complete(root, "sixxs-client", "a") == {"ayiya"}
    assert complete(root, "sixxs-client", "ayiya", "--log-level", "no") == {"notice"}
    assert complete(root, "sixxsd", "ex") == {"explain"}


@pytest.mark.parametrize("name", PAGES)
def test_man_pages_say_what_help_says(root: Path, programs: Programs, name: str) -> None:
    page = root / f"usr/share/man/man{PAGES[name]}/{name}.{PAGES[name]}"
    if not shutil.which("man"):
        pytest.skip("no man")
    result = run("man", "--warnings", "-l", page, env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8"})
    assert (result.returncode, result.stderr) == (0, "")
    text = re.sub(".\b", "", result.stdout)
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS", "SEE ALSO"):
        assert re.search(f"^{heading}$", text, re.MULTILINE), heading
    helped = run(programs.folder / name, "--help").stdout
    subcommands = re.findall(r"^  ([a-z0-9-]+)(?: \(default\))?  ", helped.partition("SUBCOMMANDS:")[2], re.MULTILINE)
    assert subcommands
    for subcommand in subcommands:
        assert re.search(rf"^   {subcommand}\b", text, re.MULTILINE), subcommand
        options = re.findall(r"^  (--[a-z-]+)", run(programs.folder / name, subcommand, "--help").stdout, re.MULTILINE)
        assert not [option for option in options if option not in text], subcommand
