#!/bin/bash
# Refuses imports that the layers forbid: formats (Wire), decisions (Core) and system calls (LinuxIO) stay apart.
#
#   Wire          Crypto, CSHA1                                no Foundation, no Glibc
#   Core          Wire, Crypto, CSHA1                          no clock, no system, no logging
#   LinuxIO       Wire, CLinux, SystemPackage, Glibc           does not know Core
#   sixxsd        joins them                                   no C library of its own
#   sixxs-client  Wire, LinuxIO                                does not know Core
#   sixxs-central Wire                                         never Core; libssh only in SSH/
set -euo pipefail
cd "$(dirname "$0")/../.."

failed=0

# imports FOLDER: every module that the Swift files of a folder import, as `file:line:module`.
imports() {
    grep -rnE --include='*.swift' '^[[:space:]]*(@[A-Za-z_()]+[[:space:]]+)*((public|package|internal|private|fileprivate)[[:space:]]+)?import[[:space:]]' "$1" \
        | sed -E 's/^([^:]+:[0-9]+):.*import[[:space:]]+((struct|class|enum|protocol|func|var|let|typealias)[[:space:]]+)?([A-Za-z_0-9]+).*/\1:\4/' \
        || true
}

# only FOLDER MODULES…: complains about an import that is not among the modules.
only() {
    local folder=$1 allowed
    shift
    allowed=$(IFS='|'; echo "$*")
    while IFS= read -r line; do
        [ -z "$line" ] && continue
        if ! [[ ${line##*:} =~ ^($allowed)$ ]]; then
            echo "${line%:*}: $folder may not import ${line##*:}" >&2
            failed=1
        fi
    done < <(imports "Sources/$folder")
}

# never FOLDER MODULES…: complains about an import that is among the modules.
never() {
    local folder=$1 forbidden
    shift
    forbidden=$(IFS='|'; echo "$*")
    while IFS= read -r line; do
        [ -z "$line" ] && continue
        if [[ ${line##*:} =~ ^($forbidden)$ ]]; then
            echo "${line%:*}: $folder may not import ${line##*:}" >&2
            failed=1
        fi
    done < <(imports "Sources/$folder")
}

only Wire Crypto CSHA1
only Core Wire Crypto CSHA1
never LinuxIO Core Foundation Logging NIOCore NIOPosix
never sixxsd CLinux CLibSSH GRDB Yams
never sixxs-client Core CLibSSH GRDB NIOCore NIOPosix
never sixxs-central Core LinuxIO CLinux

while IFS= read -r line; do
    [ -z "$line" ] && continue
    echo "$line: libssh is for Sources/sixxs-central/SSH alone" >&2
    failed=1
done < <(imports Sources/sixxs-central | grep ':CLibSSH$' | grep -v '^Sources/sixxs-central/SSH/' || true)

exit $failed
