#!/bin/bash
# Counts the instructions of the data path's operations by callgrind and compares them with instructions.json.
#
#   Benchmarks/instructions.sh            compare; exit 1 when one is off by more than 3 %
#   Benchmarks/instructions.sh --record   write instructions.json anew
#
# SIXXS_BENCH names a built sixxsd-bench; without it one is built. Each operation is run for n and for 2n batches:
# the difference is free of what starting costs. Callgrind's CPU has no SHA instructions, so that libcrypto's SHA-1
# is what is counted.
set -euo pipefail
cd "$(dirname "$0")"

recorded=instructions.json
tolerance=3
# libcrypto without AVX, AVX2 and SHA extensions, so that it does the same on every processor.
capabilities='~0x1000000000000000:~0x20000020'
batches=5

if ! command -v valgrind >/dev/null; then
    echo "instructions: skipped, valgrind is not installed"
    exit 0
fi

bench=${SIXXS_BENCH:-../.build/release/sixxsd-bench}
if [ -z "${SIXXS_BENCH:-}" ]; then
    swift build -c release --package-path .. --product sixxsd-bench --quiet
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Valgrind 3.19 can't read the debug information that Swift 6 writes.
strip --strip-debug -o "$scratch/bench" "$bench"
compiler=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9.]+).*/\1/p' | head -1)
machine=$(uname -m)

# collected NAME BATCHES: all instructions of the process.
collected() {
    if ! OPENSSL_ia32cap=$capabilities SWIFT_BACKTRACE=enable=no valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$scratch/bench" --instructions "$1" "$2" >"$scratch/log" 2>&1; then
        cat "$scratch/log" >&2
        return 1
    fi
    sed -nE 's/.*Collected : ([0-9]+).*/\1/p' "$scratch/log"
}

# counts: `name instructions` for each operation, one decimal.
counts() {
    local name operations once twice
    "$scratch/bench" --operations >"$scratch/operations"
    while read -r name operations; do
        once=$(collected "$name" $batches)
        twice=$(collected "$name" $((2 * batches)))
        awk -v name="$name" -v count=$((twice - once)) -v operations=$((operations * batches)) \
            'BEGIN { printf "%s %.1f\n", name, count / operations }'
    done <"$scratch/operations"
}

counts >"$scratch/counts"

if [ "${1:-}" = --record ]; then
    awk -v compiler="$compiler" -v machine="$machine" '
        BEGIN { printf "{\n  \"compiler\": \"%s\",\n  \"machine\": \"%s\",\n  \"instructions\": {", compiler, machine }
        { printf "%s\n    \"%s\": %s", (NR > 1 ? "," : ""), $1, $2; printf "%-20s %8.1f\n", $1, $2 > "/dev/stderr" }
        END { printf "\n  }\n}\n" }' "$scratch/counts" >"$recorded"
    exit 0
fi

field() { sed -nE "s/^ *\"$1\": \"?([^\",]+)\"?,?\$/\1/p" "$recorded"; }

if [ "$(field compiler) $(field machine)" != "$compiler $machine" ]; then
    echo "instructions: skipped, recorded with Swift $(field compiler) on $(field machine), this is $compiler on $machine"
    exit 0
fi

failed=0
while read -r name count; do
    expected=$(field "$name")
    verdict=$(awk -v c="$count" -v e="${expected:-0}" -v t=$tolerance 'BEGIN {
        if (e == 0) { print "not recorded"; exit }
        change = 100 * (c / e - 1)
        printf "%+.1f %%%s\n", change, (change > t || change < -t ? ", more than " t " %" : "") }')
    printf '%-20s %8.1f  recorded %8s  %s\n' "$name" "$count" "${expected:--}" "$verdict"
    case $verdict in *more* | not*) failed=1 ;; esac
done <"$scratch/counts"
[ $failed -eq 0 ] || echo "instructions: changed; if that is meant, run Benchmarks/instructions.sh --record"
exit $failed
