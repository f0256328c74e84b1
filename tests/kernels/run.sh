#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - make kernels: tests/kernel, tests/api and withheld.c on every kernel that can be had.
#
# usage: run.sh [--short] [KERNEL...]
#
# Without KERNEL (a directory, see boot.sh): the newest of each series of what apt knows and of three
# more suites of Debian, an old one and those in the making; and the same of s390x, where the bytes of
# a number stand the other way round.  A KERNEL with s390x in its name is one.  --short prints the TAP
# of one kernel.
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

build() { # amd64|s390x : the programs, static, in BUILD
	ldflags=-static
	if [ "$1" = s390x ]; then
		BUILD=build/s390x
		compiler='sh tests/cc.sh s390x'
		ldflags='-static -s' # strip(1) knows only the machine's own
	elif sh tests/cc.sh musl --works; then
		BUILD=build/musl-static
		compiler='sh tests/cc.sh musl'
	else
		BUILD=build/static
		compiler=gcc
	fi
	export BUILD
	$MAKE -s BUILD=$BUILD WERROR=1 CC="$compiler" LDFLAGS="$ldflags" machine-tests >&2 || {
		echo 'Bail out! the static programs do not build'
		exit 1
	}
}

static() { # SOURCE... : the programs made of them
	for source in "$@"; do
		echo "$BUILD/${source%.c}"
	done
}

## One kernel

if [ -n "$short" ]; then
	build amd64
	kernel=${1-$(sh tests/kernels/fetch.sh build/kernels amd64 newest)}
	if [ -z "$kernel" ]; then
		echo '1..0 # SKIP no kernel can be downloaded'
		exit 0
	fi
	# shellcheck disable=SC2046 # names without spaces
	exec sh tests/kernels/boot.sh amd64 "$kernel" 150 $(static tests/kernel/*.c \
		tests/api/message_basic.c tests/api/sockets_bind.c tests/api/stat.c)
fi

## All of them

s390x=yes
if ! command -v qemu-system-s390x >/dev/null 2>&1; then
	s390x='qemu-system-s390x is not installed (Debian: apt-get install qemu-system-misc)'
elif ! sh tests/kernels/cross.sh; then
	s390x='no compiler for it is here, and none can be downloaded'
fi
if [ $# -eq 0 ]; then
	[ "$s390x" = yes ] || echo "skipped: s390x: $s390x"
	# shellcheck disable=SC2046 # names without spaces
	set -- $(
		sh tests/kernels/fetch.sh build/kernels amd64 series
		sh tests/kernels/fetch.sh build/kernels amd64 series bullseye sid experimental
		[ "$s390x" != yes ] ||
			sh tests/kernels/fetch.sh build/kernels s390x series bookworm sid experimental
	)
	# shellcheck disable=SC2046
	set -- $(printf '%s\n' "$@" | sort -Vu)
fi
status=0
for kernel in "$@"; do
	name=$(basename "$kernel")
	case $name in
	*s390x*) arch=s390x ;;
	*) arch=amd64 ;;
	esac
	if [ $arch = s390x ] && [ "$s390x" != yes ]; then
		echo "skipped: $name: $s390x"
		continue
	fi
	build $arch
	log=build/kernels/$name.tap
	mkdir -p build/kernels
	# shellcheck disable=SC2046
	sh tests/kernels/boot.sh $arch "$kernel" 600 $(static tests/kernel/*.c tests/api/*.c \
		tests/kernels/withheld.c) >"$log"
	awk '/^not ok/ { show = 1 } /^ok|^1\.\./ { show = 0 } show' "$log"
	grep '# SKIP' "$log" | sed 's/^/skipped: /'
	awk -v kernel="$name" '
		/# SKIP/ { skipped++; next }
		/^ok / { passed++ }
		/^not ok / { failed++ }
		END {
			printf "%s: %d passed, %d failed, %d skipped\n", kernel, passed, failed, skipped
			exit failed > 0
		}' "$log" || status=1
done
exit $status
