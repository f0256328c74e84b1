#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - make kernels: tests/kernel and tests/api on every kernel that can be had.
#
# usage: run.sh [--short] [KERNEL...]
#
# Without KERNEL (a directory, see boot.sh): the newest of each series of what apt knows and of two
# more suites of Debian, an old one and the one in the making.  --short prints the TAP of one kernel.
set -u

: "${MAKE:=make}"
short=
if [ "${1-}" = --short ]; then
	short=yes
	shift
fi
if ! command -v qemu-system-x86_64 >/dev/null 2>&1; then
	echo '1..0 # SKIP qemu-system-x86_64 is not installed'
	exit 0
fi

## The programs, static

if sh tests/cc.sh musl --works; then
	BUILD=build/musl-static
	compiler='sh tests/cc.sh musl'
else
	BUILD=build/static
	compiler=gcc
fi
export BUILD
if ! $MAKE -s BUILD=$BUILD WERROR=1 CC="$compiler" LDFLAGS=-static library-tests \
	$BUILD/tests/kernels/init >&2; then
	echo 'Bail out! the static programs do not build'
	exit 1
fi
static() { # SOURCE... : the programs made of them
	for source in "$@"; do
		echo "$BUILD/${source%.c}"
	done
}

## One kernel

if [ -n "$short" ]; then
	kernel=${1-$(sh tests/kernels/fetch.sh build/kernels newest)}
	if [ -z "$kernel" ]; then
		echo '1..0 # SKIP no kernel can be downloaded'
		exit 0
	fi
	# shellcheck disable=SC2046 # names without spaces
	exec sh tests/kernels/boot.sh "$kernel" 150 $(static tests/kernel/*.c tests/api/message_basic.c \
		tests/api/sockets_bind.c tests/api/stat.c)
fi

## All of them

if [ $# -eq 0 ]; then
	# shellcheck disable=SC2046 # names without spaces
	set -- $(
		sh tests/kernels/fetch.sh build/kernels series
		sh tests/kernels/fetch.sh build/kernels series bullseye sid
	)
	# shellcheck disable=SC2046
	set -- $(printf '%s\n' "$@" | sort -Vu)
fi
status=0
for kernel in "$@"; do
	log=build/kernels/$(basename "$kernel").tap
	mkdir -p build/kernels
	# shellcheck disable=SC2046
	sh tests/kernels/boot.sh "$kernel" 600 $(static tests/kernel/*.c tests/api/*.c) >"$log"
	awk '/^not ok/ { show = 1 } /^ok|^1\.\./ { show = 0 } show' "$log"
	grep '# SKIP' "$log" | sed 's/^/skipped: /'
	awk -v kernel="$(basename "$kernel")" '
		/# SKIP/ { skipped++; next }
		/^ok / { passed++ }
		/^not ok / { failed++ }
		END {
			printf "%s: %d passed, %d failed, %d skipped\n", kernel, passed, failed, skipped
			exit failed > 0
		}' "$log" || status=1
done
exit $status
