#!/bin/sh
# SPDX-License-Identifier: MIT
# bench.sh - the benchmark works, in its short form, and what the README says is what it has measured.
# No time is looked at: that each variant moves the right descriptors and leaves none it checks itself.
. tests/lib.sh

short=$build/bench/short
check 'make bench SHORT=1' timeout 300 "$MAKE" -s BUILD="$BUILD" SHORT=1 bench

rounds() { # every scenario has every variant twice, that is in each round
	cut -f 1 "$short/results.tsv" | uniq | grep -vx "$left_out" | diff "$dir/scenarios" - || return 1
	cut -f 1,2 "$short/results.tsv" | sort | uniq -c | grep -v '^ *2 ' && return 1
	awk -F '\t' 'NF != 5 || $4 !~ /^-?[0-9.]+$/ { print; bad = 1 } END { exit bad }' "$short/results.tsv"
}
# Which needs more descriptors in flight than an ordinary user may have, where the limit is low.
left_out=none
[ "$(id -u)" -eq 0 ] || left_out=queue-many
# Which want 15,000 descriptors in one process.
[ "$(awk '/^Max open files/ { print $5 }' /proc/self/limits)" -ge 19100 ] ||
	left_out="$left_out\\|store-limited\\|store-held\\|store-death"
"$build/bench/bench" --help | sed -n '/^Scenarios/,/^Variants/s/^  \([a-z0-9-]*\) .*/\1/p' |
	grep -vx "$left_out" >"$dir/scenarios"
check 'every variant has run in every round' rounds

built() { # what is installed takes part
	for peer in skalibs:skalibs/unixmessage.h libowfat:io.h; do
		echo "#include <${peer#*:}>" | cc -E - >"$dir/null" 2>&1 || continue
		grep -q "^one-stream	${peer%%:*}	" "$short/results.tsv" || { echo "$peer"; return 1; }
	done
	for peer in GLib:gio-unix-2.0 libuv:libuv libwayland:wayland-client sd-bus:libsystemd; do
		pkg-config --exists "${peer#*:}" 2>"$dir/null" || continue
		grep -q "^one-stream	${peer%%:*}	" "$short/results.tsv" || { echo "$peer"; return 1; }
	done
}
check 'every library that is installed takes part' built

written() { # page, goals and numbers are complete, and each plot has its bars
	[ "$(wc -l <"$short/numbers.md")" -eq 3 ] && [ "$(wc -l <"$short/goals.md")" -eq 19 ] || return 1
	! grep -nE 'nan|inf' "$short/benchmarks.md" || return 1
	for scenario in one-stream many-stream trip-1 trip-2 threads; do
		grep -q '	fdferry	' "$short/plot-$scenario.tsv" || return 1
	done
	have gnuplot || return 0
	grep -q '</svg>' "$short/bench-messages.svg" && grep -q '</svg>' "$short/bench-latency.svg"
}
check 'the page and its plots are written' written

numbers() {
	sed -n '/<!-- bench -->/,/<!-- \/bench -->/p' "$1" | grep '^- '
}
filled() { # what the script puts into the README is what it puts into the page
	numbers "$short/README.md" >"$dir/readme"
	diff "$dir/readme" "$short/numbers.md"
}
check 'the script fills in the README' filled

same() {
	numbers README.md >"$dir/readme"
	[ -s "$dir/readme" ] || { echo 'README.md has no numbers'; return 1; }
	grep '^- .*\*\*' docs/benchmarks.md | head -n "$(wc -l <"$dir/readme")" | diff "$dir/readme" -
}
check "README.md has the numbers of docs/benchmarks.md" same

finish
