#!/bin/sh
# SPDX-License-Identifier: MIT
# tap.sh - runs one test file of whatever kind, as TAP, for prove.
case $1 in
*.bats)
	if ! command -v bats >/dev/null 2>&1; then
		echo '1..0 # SKIP bats is not installed'
		exit 0
	fi
	exec bats --tap "$1"
	;;
*/selftest.sh) exec sh "$1" "$BUILD/tests/harness/selftest_cases" ;;
*.sh) exec sh "$1" ;;
*) exec "$1" ;;
esac
