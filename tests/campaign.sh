#!/bin/sh
# SPDX-License-Identifier: MIT
# campaign.sh - make campaign: the long forms, for MINUTES (60) in all, and what they printed as a
# table in docs/campaign.md.
#
# What has an end of its own goes first (every fault, every mutant, every kernel); fuzzing, messages
# and races share the time that is left.
set -u
: "${MAKE:=make}" "${MINUTES:=60}" "${BUILD:=build}"
export MAKE BUILD
page=docs/campaign.md
logs=$BUILD/campaign
start=$(date +%s)
end=$((start + MINUTES * 60))
mkdir -p "$logs"
: >"$logs/rows"
failed=0

# part NAME SECONDS COMMAND...: runs it, at most that long; its last words are its row.
part() {
	name=$1 most=$2
	shift 2
	echo "campaign: $name"
	began=$(date +%s)
	timeout -k 10 "$most" "$@" >"$logs/$name.log" 2>&1
	status=$?
	took=$(($(date +%s) - began))
	[ $status -eq 0 ] || failed=1
}
row() { # WHAT RESULT
	[ $status -eq 0 ] || set -- "$1" "$2; **failed** with status $status"
	printf '| %s | %s | %d min %02d s | %s |\n' "$name" "$1" $((took / 60)) $((took % 60)) "$2" |
		tee -a "$logs/rows"
}
left() {
	echo $((end - $(date +%s)))
}
share() { # PERCENT of the time that is left, at least some seconds
	seconds=$(($(left) * $1 / 100))
	[ "$seconds" -gt 20 ] || seconds=20
	echo "$seconds"
}
sum() { # FIELD-PATTERN FILE: adds up the numbers in front of the pattern
	grep -oE "[0-9]+ $1" "$2" | awk '{ n += $1 } END { printf "%d", n }'
}

$MAKE -s all examples test-programs || exit 1

part faults 1500 "$MAKE" -s faults
row 'each system call of the library and the command failing in turn with each errno, and killed at each' \
	"$(tail -n 1 "$logs/faults.log")"

part mutants 2400 "$MAKE" -s mutants
row 'sabotages of library and command, each of which a test must notice' \
	"$(grep -c '^ok' "$logs/mutants.log") dead, $(grep -c '^not ok' "$logs/mutants.log") alive"

part kernels 1500 "$MAKE" -s kernels
row 'the tests of the kernel and the library on other kernels, under qemu' \
	"$(grep -E '^[^ ]+: [0-9]+ passed' "$logs/kernels.log" | paste -sd ';' - | sed 's/;/; /g')"

seconds=$(share 20)
part races "$((seconds + 600))" env HARNESS_SLOWER=100 FERRY_ROUNDS=$((seconds * 500)) \
	"$BUILD/tests/api/sockets_race"
row "processes that bind one name at once, $((seconds * 500)) rounds of each kind" \
	"$(grep -c '^ok' "$logs/races.log") tests passed, $(grep -c '^not ok' "$logs/races.log") failed"

# Another seed each time; a message is checked against its own descriptors.
campaigns() {
	until [ "$(date +%s)" -ge "$1" ]; do
		HARNESS_SLOWER=100 FERRY_MESSAGES=1000000 "$BUILD/tests/faults/wrong_descriptor" || return 1
	done
}
began=$(date +%s)
name='wrong descriptor'
echo "campaign: $name"
campaigns "$((began + $(share 25)))" >"$logs/wrong.log" 2>&1
status=$?
[ $status -eq 0 ] || failed=1
took=$(($(date +%s) - began))
row 'messages of random size and count, to a receiver whose limits change at each' \
	"$(sum 'messages delivered' "$logs/wrong.log") delivered with $(sum descriptors "$logs/wrong.log") descriptors, each its own; $(sum 'refused as they must be' "$logs/wrong.log") refused as they must be"

targets=$(find fuzz -name target.c | wc -l)
seconds=$(($(share 100) / targets))
part fuzz $((seconds * targets + 600)) "$MAKE" -s fuzz SECONDS="$seconds"
row "libFuzzer with the sanitizers, $seconds s a target" \
	"$(sed -n 's/^fuzz: \([a-z]*\): \(.*\)/\1: \2/p' "$logs/fuzz.log" | paste -sd ';' - | sed 's/;/; /g')"

# What people have written below the table stays.
notes=$(sed -n '/^## /,$p' "$page" 2>/dev/null)
{
	cat <<END
# The campaign

\`make campaign\` runs the long forms of the tests, an hour of them (MINUTES=60), and writes this page.
\`make check\` runs a short form of each.

Run on $(date -u +%Y-%m-%d), Linux $(uname -r), $(getconf _NPROCESSORS_ONLN) cores, $(gcc -dumpfullversion 2>/dev/null | sed 's/^/gcc /'),
commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), with other work on the machine. In all $((($(date +%s) - start) / 60)) minutes.

| part | what it does | took | printed |
|---|---|---|---|
END
	cat "$logs/rows"
	[ -z "$notes" ] || printf '\n%s\n' "$notes"
} >"$logs/page"
mv "$logs/page" "$page"
echo "campaign: the summary is in $page"
exit $failed
