"""A real Nagios and a real Icinga run both checks with the definitions that come along.

    centre   Nagios or Icinga, sixxs-central ──── chtst01   sshd, sixxsd

What NRPE and sudo would do (run a command elsewhere, or as another user) is done by two scripts here.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from lab.fleet import Fleet
from lab.namespace import wait_for

POP = "chtst01"
DEFINITIONS = Path(__file__).resolve().parents[2] / "Packaging" / "nagios"

# What every configuration of Nagios has; the definitions that come along rely on it.
OBJECTS = """
define timeperiod {
    timeperiod_name always
    alias always
    monday 00:00-24:00
    tuesday 00:00-24:00
    wednesday 00:00-24:00
    thursday 00:00-24:00
    friday 00:00-24:00
    saturday 00:00-24:00
    sunday 00:00-24:00
}
define command {
    command_name nothing
    command_line /bin/true
}
define contact {
    contact_name nobody
    host_notification_commands nothing
    service_notification_commands nothing
    host_notification_period always
    service_notification_period always
}
define service {
    name generic-service
    register 0
    max_check_attempts 1
    check_interval 1
    retry_interval 1
    check_period always
    notification_period always
    contacts nobody
}
define hostgroup {
    hostgroup_name sixxs-pops
}
define hostgroup {
    hostgroup_name sixxs-centres
}
define host {
    host_name centre
    address 127.0.0.1
    hostgroups sixxs-pops,sixxs-centres
    max_check_attempts 1
    check_period always
    notification_period always
    contacts nobody
}
"""

ICINGA = """
include <itl>
include <plugins>
const PluginDir = "{plugins}"
object CheckerComponent "checker" {{ }}
object FileLogger "log" {{
  path = "{folder}/icinga.log"
  severity = "notice"
}}
template Service "generic-service" {{
  max_check_attempts = 1
  check_interval = 1s
  retry_interval = 1s
}}
object Host "centre" {{
  check_command = "dummy"
  vars.sixxs_central = true
  vars.sixxsd = true
}}
include "{definitions}"
"""


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def plugins(fleet: Fleet) -> Path:
    """The plugins' folder; the fleet is well but for a PoP that is held."""
    fleet.trust_all()
    fleet.apply_inventory()
    central = fleet.central
    central.run("push")
    central.run("hold", POP, "--because", "a test")
    folder = central.folder / "plugins"
    folder.mkdir()
    shutil.copy(DEFINITIONS / "check_sixxsd", folder)
    database = shlex.quote(str(central.database))
    script(folder / "sixxs-central", f"exec {shlex.quote(str(central.program))} \"$@\" --database {database}")
    script(folder / "sudo", "shift 3\nexec \"$@\"")
    socket = shlex.quote(str(fleet.pops[POP].daemon.socket_path))
    script(folder / "check_nrpe", f"""case "$6" in
    check_sixxsd) exec "{folder}/check_sixxsd" -s {socket} ;;
    check_sixxs_central) exec "{folder}/sixxs-central" check ;;
esac""")
    return folder


def environment(plugins: Path) -> dict[str, str]:
    return {**os.environ, "PATH": f"{plugins}:{os.environ['PATH']}", "ICINGA2_USER": "root", "ICINGA2_GROUP": "root"}


def test_nagios_runs_both_checks(fleet: Fleet, plugins: Path) -> None:
    folder = fleet.central.folder / "nagios"
    (folder / "results").mkdir(parents=True)
    (folder / "objects.cfg").write_text(OBJECTS)
    (folder / "resource.cfg").write_text(f"$USER1$={plugins}\n")
    files = {"log_file": "log", "object_cache_file": "cache", "precached_object_file": "precached",
             "status_file": "status", "state_retention_file": "retention", "command_file": "commands",
             "query_socket": "query", "temp_file": "temp", "check_result_path": "results", "lock_file": "lock",
             "resource_file": "resource.cfg"}
    settings = [f"{name}={folder / file}" for name, file in files.items()]
    settings += [f"cfg_file={folder / 'objects.cfg'}", f"cfg_file={DEFINITIONS / 'nagios.cfg'}", f"temp_path={folder}",
                 "nagios_user=root", "nagios_group=root", "interval_length=1", "use_syslog=0", "status_update_interval=1",
                 "service_inter_check_delay_method=n", "host_inter_check_delay_method=n"]
    configuration = folder / "nagios.cfg"
    configuration.write_text("\n".join(settings) + "\n")
    centre = fleet.central.namespace
    verified = centre.run("nagios4", "-v", configuration, env=environment(plugins))
    assert "Total Errors:   0" in verified.stdout, verified.stdout
    centre.spawn("nagios4", configuration, env=environment(plugins))

    def said() -> dict[str, tuple[str, str]]:
        text = (folder / "status").read_text() if (folder / "status").exists() else ""
        found = re.findall(r"service_description=(\S+)\n.*?current_state=(\d).*?\n\s*plugin_output=(.*?)\n", text, re.S)
        return {name: (state, output) for name, state, output in found}
    wait_for(lambda: len([1 for _, output in said().values() if output]) == 2, 40, "both checks")
    state, output = said()["sixxs-central"]
    assert state == "1" and output.startswith("WARNING - ") and f"{POP} held since" in output, output
    state, output = said()["sixxsd"]
    assert state == "2" and output.startswith("CRITICAL - "), output


def test_icinga_runs_both_checks(fleet: Fleet, plugins: Path) -> None:
    folder = fleet.central.folder / "icinga"
    folder.mkdir()
    configuration = folder / "icinga2.conf"
    definitions = folder / "sixxs.conf"
    # The socket's path is the laboratory's own.
    text = (DEFINITIONS / "icinga2.conf").read_text()
    definitions.write_text(text.replace("/run/sixxsd/control.sock", str(fleet.pops[POP].daemon.socket_path)))
    configuration.write_text(ICINGA.format(plugins=plugins, folder=folder, definitions=definitions))
    places = [f"-D{name}={folder}" for name in ("DataDir", "LogDir", "CacheDir", "InitRunDir", "SpoolDir")]
    centre = fleet.central.namespace
    centre.run("icinga2", "daemon", "-C", "-c", configuration, *places, env=environment(plugins))
    icinga = centre.spawn("icinga2", "daemon", "-c", configuration, *places, env=environment(plugins))
    log = folder / "icinga.log"

    def ended() -> dict[str, str]:
        text = log.read_text() if log.exists() else ""
        return {("central" if "sixxs-central" in command else "daemon"): status for command, status
                in re.findall(r"PID \d+ \((.*?)\) terminated with exit code (\d+)", text)}
    wait_for(lambda: len(ended()) == 2, 60, f"both checks\n{icinga.output}")
    assert ended() == {"central": "1", "daemon": "2"}, log.read_text()
