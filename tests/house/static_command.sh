#!/bin/sh
# SPDX-License-Identifier: MIT
# static_command.sh - the tests of the command once more, of one that is linked statically with musl.
BUILD=build/musl-static
export BUILD
if ! [ -x $BUILD/fdferry ]; then
	echo '1..0 # SKIP no static fdferry: musl-gcc is not installed'
	exit 0
fi
if ! command -v bats >/dev/null 2>&1; then
	echo '1..0 # SKIP bats is not installed'
	exit 0
fi
exec bats --tap tests/cli
