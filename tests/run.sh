#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - runs test files under prove and ends with one line: N passed, N failed, N skipped.
#
# All that they print is in LOG, which is build/tests/log if nobody says otherwise.
set -u

: "${BUILD:=build}"
export BUILD
log=${LOG:-$BUILD/tests/log}
mkdir -p "$(dirname "$log")"
if command -v prove >/dev/null 2>&1; then
	prove --verbose --merge --exec 'sh tests/tap.sh' "$@" >"$log" 2>&1
	status=$?
else
	# Without prove a test that dies before its end is still seen: by its exit status.
	status=0
	: >"$log"
	for test in "$@"; do
		sh tests/tap.sh "$test" >>"$log" 2>&1 || {
			echo "not ok - $test ended with an error" >>"$log"
			status=1
		}
	done
fi
# What failed, with what it said, and what was skipped.
awk '/^not ok/ { show = 1 } /^ok/ { show = 0 } show || /Dubious|Bail out|Failed|Parse error/' "$log"
grep -iE '^ok .*# *skip|^1\.\.0 # *skip' "$log" | sed 's/^/skipped: /'
awk -v status=$status '
	/^ok .*# *[sS][kK][iI][pP]/ || /^1\.\.0 # *[sS][kK][iI][pP]/ { skipped++; next }
	/^ok / { passed++ }
	/^not ok / { failed++ }
	END {
		if (status != 0 && failed == 0) failed = 1
		printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	}' "$log"
exit "$status"
