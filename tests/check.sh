#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh - all tests: the fast ones, the same under sanitizers and from clang, and the house.
set -u

: "${BUILD:=build}" "${MAKE:=make}"
tests=
variant() { # BUILD-DIRECTORY VARIABLE... : builds a variant and adds its programs
	dir=$1
	shift
	if $MAKE -s BUILD="$dir" WERROR=1 "$@" all test-programs examples; then
		for source in tests/kernel/*.c tests/api/*.c tests/hostile/*.c; do
			tests="$tests $dir/${source%.c}"
		done
	else
		echo "check: $dir does not build" >&2
		failed=1
	fi
}

failed=0
variant "$BUILD"
variant build/asan CC=gcc SANITIZE=address,undefined CFLAGS='-O1 -g'
if command -v clang >/dev/null 2>&1; then
	variant build/clang CC=clang
else
	echo 'check: clang is not installed: its variant is skipped'
fi
if command -v g++ >/dev/null 2>&1 && $MAKE -s CXX=g++ "$BUILD/tests/api/cxx"; then
	tests="$tests $BUILD/tests/api/cxx"
fi
export BUILD MAKE
# shellcheck disable=SC2086 # a list of words
sh tests/run.sh tests/harness/selftest.sh $tests tests/cli/*.bats tests/house/*.sh || failed=1
if [ $failed -ne 0 ]; then
	echo 'check: FAILED' >&2
	exit 1
fi
