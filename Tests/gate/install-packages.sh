#!/bin/bash
# Installs the Debian packages that the build and the tests need: those that are missing, and nothing else. Arguments are
# further packages. What drives the browser of the tests comes from PyPI, into .build.
#
# The list is all that a clean Debian 12 with the Swift toolchain lacks. What it does not do: start, enable or
# configure anything (Debian's own policy decides whether openssh-server starts).
set -euo pipefail

build=(libbpf-dev libssl-dev libssh-dev libsqlite3-dev liburing-dev pkg-config lld)
benchmarks=(valgrind binutils)
laboratory=(curl iproute2 libedit2 nftables iputils-ping iperf3 ethtool procps systemd util-linux openssh-server openssh-client
    openssl traceroute mtr-tiny tcpdump tshark librsvg2-bin fonts-dejavu-core python3 python3-pytest python3-pytest-xdist
    python3-scapy python3-pip prometheus bind9-utils nsd ddclient chromium nagios4-core icinga2-bin)

missing=()
for package in "${build[@]}" "${benchmarks[@]}" "${laboratory[@]}" "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done

# Debian has no playwright; the test that needs it is skipped where PyPI cannot be reached.
install_playwright() {
    local folder
    folder=$(cd "$(dirname "$0")/../.." && pwd)/.build/python
    [ -d "$folder/playwright" ] && return
    echo 'installing: playwright'
    /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$folder" playwright==1.65.2 \
        || echo 'playwright cannot be had: pages are not tried in a browser' >&2
}

[ ${#missing[@]} -eq 0 ] && { install_playwright; exit 0; }

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "installing: ${missing[*]}"
# tshark asks whether users may capture; iperf3 asks whether to run as a service.
export DEBIAN_FRONTEND=noninteractive
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
install_playwright
