#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh - all tests: the fast ones; the same under sanitizers, from clang, in 32 bits and with
# musl; and the house.
set -u

: "${BUILD:=build}" "${MAKE:=make}"
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
tests=
programs=test-programs
sources='tests/kernel/*.c tests/api/*.c tests/hostile/*.c tests/store/[!k]*.c tests/faults/*.c fuzz/*/target.c'
variant() { # BUILD-DIRECTORY VARIABLE... : builds a variant and adds its programs
	dir=$1
	shift
	# shellcheck disable=SC2086 # a list of patterns
	if $MAKE -s -j "$cores" BUILD="$dir" WERROR=1 "$@" all examples $programs; then
		for source in $sources; do
			tests="$tests $dir/${source%.c}"
		done
	else
		echo "check: $dir does not build" >&2
		failed=1
	fi
}

failed=0
variant "$BUILD"
# Once: it is the load that counts there, and not the compiler.
tests="$tests $BUILD/tests/store/kill"
variant build/asan CC=gcc SANITIZE=address,undefined CFLAGS='-O1 -g'
if command -v clang >/dev/null 2>&1; then
	variant build/clang CC=clang
else
	echo 'check: clang is not installed: its variant is skipped'
fi
# Elsewhere what depends on the libc and the word size; faults and fuzzing do not.
programs=library-tests
sources='tests/kernel/*.c tests/api/*.c tests/hostile/*.c tests/store/[!k]*.c'
other() { # COMPILER BUILD-DIRECTORY VARIABLE... : a variant from one of the compilers of cc.sh
	compiler=$1
	shift
	if sh tests/cc.sh "$compiler" --works; then
		variant "$@" CC="sh tests/cc.sh $compiler"
	else
		echo "check: no compiler for $compiler here: its variant is skipped"
	fi
}
# 253 descriptors in one message are among the tests; musl's own sendmsg refuses them.
other m32 build/m32
other musl build/musl
other musl build/musl-static LDFLAGS=-static
if command -v g++ >/dev/null 2>&1 && $MAKE -s CXX=g++ "$BUILD/tests/api/cxx"; then
	tests="$tests $BUILD/tests/api/cxx"
fi
export BUILD MAKE
# shellcheck disable=SC2086 # a list of words
sh tests/run.sh tests/harness/selftest.sh $tests tests/cli/*.bats tests/store/*.bats tests/faults/*.sh \
	tests/house/*.sh || failed=1
if [ $failed -ne 0 ]; then
	echo 'check: FAILED' >&2
	exit 1
fi
