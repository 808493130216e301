#!/bin/bash
# Refuses imports that the layers forbid: formats (Wire), decisions (Core) and system calls (LinuxIO) stay apart;
# and whatever would print past Streams, which cleans and looks at the result.
#
#   Wire          CLibCrypto, CSHA1                   no Foundation, no Glibc
#   Core          Wire, CSHA1, Synchronization        no clock, no system, no logging
#   LinuxIO       Wire, CLinux, SystemPackage, Glibc  does not know Core; libbpf in BPF/ alone
#   FastPath      Core, LinuxIO, Wire, CFastPath      no system calls, no logging
#   Streams       Wire, SystemPackage, Glibc          the one way to a terminal or a log; does not know the programs
#   HTTP          Wire, NIO                           does not know what is served
#   sixxsd        joins them                          calls C through LinuxIO alone
#   sixxs-client  Core, Wire, LinuxIO, TLS            the tunnel protocols are Core's
#   Graphs        nothing                             figures in, SVG out; no Foundation
#   Central       Graphs, Wire, GRDB, Yams, CLibSSH, CSpawn   never Core; no command line; GRDB in Store/SQLite/, libssh in SSH/ alone
#   CentralWeb    Central, Graphs, HTTP               pages and metrics: runs operations, opens nothing
#   TLS           CLibSSL                             octets in, octets out
#   CentralTIC    Central, HTTP, TLS                  what clients of TIC are told: runs operations
#   sixxs-central Central                             neither database nor libssh: parses, calls the centre, prints
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
judge allowed FastPath CFastPath Core LinuxIO Wire Synchronization SystemPackage
judge forbidden LinuxIO Core FastPath CFastPath Foundation Logging NIOCore NIOPosix
judge allowed Streams Wire ArgumentParser Logging Synchronization SystemPackage Glibc
judge allowed HTTP Wire NIOCore NIOHTTP1 NIOPosix Logging ServiceLifecycle Synchronization Glibc
judge forbidden sixxsd CFastPath CLibBPF CLinux CLibSSH GRDB Yams
judge forbidden sixxs-client CLibSSH GRDB NIOCore NIOPosix
judge allowed Graphs
judge forbidden Central Core LinuxIO CLinux ArgumentParser NIOCore NIOPosix
judge allowed TLS CLibSSL Synchronization
judge allowed CentralTIC Central HTTP TLS Wire NIOCore NIOPosix Logging ServiceLifecycle Synchronization Glibc
judge allowed CentralWeb Central Graphs HTTP Wire Logging Foundation Synchronization
judge forbidden sixxs-central Core LinuxIO CLinux CLibSSH GRDB Yams

# confine MODULE FOLDER WHOLE: complains about imports of the module elsewhere in the whole than in the folder.
confine() {
    while IFS= read -r place; do
        case $place in
            "$2"/*) ;;
            *) echo "${place%:*}: $1 is for $2 alone" >&2; failed=1 ;;
        esac
    done < <(imports "$3" | grep ":$1\$" || true)
}

confine CLibBPF Sources/LinuxIO/BPF Sources
confine CLibSSL Sources/TLS Sources
confine CSpawn Sources/Central/Files Sources
confine CLibSSH Sources/Central/SSH Sources/Central
confine GRDB Sources/Central/Store/SQLite Sources/Central
confine GRDBSQLite Sources/Central/Store/SQLite Sources/Central
confine Yams Sources/Central/Inventory Sources/Central

# Which engine keeps the registry is known to the place that opens it alone.
while IFS= read -r place; do
    echo "$place: SQLiteStore is for Sources/Central/Store/SQLite and Sources/Central/Store/Location alone" >&2
    failed=1
done < <(grep -rn --include='*.swift' 'SQLiteStore' Sources | grep -vE '^Sources/Central/Store/(SQLite|Location)/' \
    | sed -E 's/^([^:]+:[0-9]+):.*/\1/' || true)

# What a tunnel protocol is made of is known to its own folder, to Wire, to the configuration, and to the places where each
# protocol has its line (docs/architecture.md): these, and no more.
plugs='Core/(Protocols/PeerState|Underlay/OuterHeader|Pipeline/(Departure|SignedArrivals)|Tunnels/EngineConfiguration)'
plugs+='|sixxs-client/(SixXSClient|Commands/AYIYACommand|Session/(SessionSettings|TunnelSession\+Signed))'
while IFS= read -r place; do
    echo "$place: AYIYA is for Sources/Core/Protocols/AYIYA alone, and for where protocols plug in" >&2
    failed=1
done < <(grep -rnE --include='*.swift' '^[^/]*\bAYIYA[A-Z][a-z]' Sources/{Core,LinuxIO,Streams,sixxsd,sixxs-client,Central,sixxs-central} \
    | grep -vE "^Sources/(Core/Protocols/AYIYA/|($plugs)\.swift)" | sed -E 's/^([^:]+:[0-9]+):.*/\1/' || true)

while IFS= read -r place; do
    echo "$place: say it with Sources/Streams (StandardOutput, StandardError, LogStream)" >&2
    failed=1
done < <(grep -rnE --include='*.swift' \
    '(^|[^A-Za-z_.])(print|debugPrint|puts|fputs|putchar|printf|vprintf|fprintf|fwrite|perror) ?\(|Swift\.print|FileHandle\.standard(Output|Error)|FileDescriptor\.standard(Output|Error)|StreamLogHandler\.standard|\.exit\(withError' \
    Sources/{Wire,Core,LinuxIO,HTTP,Graphs,CentralWeb,CentralTIC,TLS,sixxsd,sixxs-client,Central,sixxs-central} | grep -vE 'func print\(' | sed -E 's/^([^:]+:[0-9]+):.*/\1/' || true)

# The optimizer of Swift 6.3 drops the way back to the caller's actor from functions of this kind that end with `return await`:
# what follows runs beside the actor, and a task may wait for ever.
while IFS= read -r place; do
    echo "$place: nonisolated(nonsending) is not safe with this compiler: take a parameter 'isolated (any Actor)? = #isolation'" >&2
    failed=1
done < <(grep -rnE --include='*.swift' '^[^/`]*nonisolated\(nonsending\)' Sources | sed -E 's/^([^:]+:[0-9]+):.*/\1/' || true)

exit $failed
