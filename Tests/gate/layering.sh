#!/bin/bash
# Refuses imports that the layers forbid: formats (Wire), decisions (Core) and system calls (LinuxIO) stay apart;
# and whatever would print past Streams, which cleans and looks at the result.
#
#   Wire          CLibCrypto, CSHA1                   no Foundation, no Glibc
#   Core          Wire, CSHA1, Synchronization        no clock, no system, no logging
#   LinuxIO       Wire, CLinux, SystemPackage, Glibc  does not know Core
#   Streams       Wire, SystemPackage, Glibc          the one way to a terminal or a log; does not know the programs
#   sixxsd        joins them                          calls C through LinuxIO alone
#   sixxs-client  Wire, LinuxIO                       Core's offloads in Loop/ alone
#   sixxs-central Wire                                never Core; libssh in SSH/ alone
set -euo pipefail
cd "$(dirname "$0")/../.."

failed=0
attributes='(@[A-Za-z_()]+ +)*'
access='((public|package|internal|private|fileprivate) +)?'
kind='((struct|class|enum|protocol|func|var|let|typealias) +)?'

# imports FOLDER: every module that the folder's Swift files import, as `file:line:module`.
imports() {
    grep -rnE --include='*.swift' "^ *$attributes${access}import +" "$1" \
        | sed -E "s/^([^:]+:[0-9]+):.*import +$kind([A-Za-z_0-9]+).*/\1:\4/" || true
}

# judge allowed|forbidden FOLDER MODULE…: complains about other imports than these, or about these.
judge() {
    local rule=$1 folder=$2 modules place verdict
    shift 2
    modules=$(IFS='|'; echo "$*")
    while IFS= read -r place; do
        verdict=forbidden
        [[ ${place##*:} =~ ^($modules)$ ]] || verdict=allowed
        [ "$rule" = forbidden ] || verdict=$([ "$verdict" = allowed ] && echo forbidden || echo allowed)
        [ "$verdict" = allowed ] && continue
        echo "${place%:*}: $folder may not import ${place##*:}" >&2
        failed=1
    done < <(imports "Sources/$folder")
}

judge allowed Wire CLibCrypto CSHA1
judge allowed Core Wire CSHA1 Synchronization
judge forbidden LinuxIO Core Foundation Logging NIOCore NIOPosix
judge allowed Streams Wire ArgumentParser Logging Synchronization SystemPackage Glibc
judge forbidden sixxsd CLinux CLibSSH GRDB Yams
judge forbidden sixxs-client CLibSSH GRDB NIOCore NIOPosix
judge forbidden sixxs-central Core LinuxIO CLinux

while IFS= read -r place; do
    case $place in
        Sources/sixxs-central/SSH/*) ;;
        *) echo "${place%:*}: libssh is for Sources/sixxs-central/SSH alone" >&2; failed=1 ;;
    esac
done < <(imports Sources/sixxs-central | grep ':CLibSSH$' || true)

while IFS= read -r place; do
    case $place in
        Sources/sixxs-client/Loop/*) ;;
        *) echo "${place%:*}: Core is for Sources/sixxs-client/Loop alone" >&2; failed=1 ;;
    esac
done < <(imports Sources/sixxs-client | grep ':Core$' || true)

while IFS= read -r place; do
    echo "$place: say it with Sources/Streams (StandardOutput, StandardError, LogStream)" >&2
    failed=1
done < <(grep -rnE --include='*.swift' \
    '(^|[^A-Za-z_.])(print|debugPrint|puts|fputs|putchar|printf|vprintf|fprintf|fwrite|perror) ?\(|Swift\.print|FileHandle\.standard(Output|Error)|FileDescriptor\.standard(Output|Error)|StreamLogHandler\.standard|\.exit\(withError' \
    Sources/{Wire,Core,LinuxIO,sixxsd,sixxs-client,sixxs-central} | grep -vE 'func print\(' | sed -E 's/^([^:]+:[0-9]+):.*/\1/' || true)

exit $failed
