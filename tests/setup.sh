#!/bin/sh
# SPDX-License-Identifier: MIT
# setup.sh [NEED...] - installs what the tests need, or else each NEED, or says what is missing.
#
# A need is command:package, as Debian calls it, or a package that has no command.
set -u

needs='bats:bats clang:clang clang-format:clang-format clang-tidy:clang-tidy cpio:cpio
cppcheck:cppcheck g++:g++ jq:jq mandoc:mandoc musl-gcc:musl-tools pkg-config:pkg-config prove:perl
python3:python3 qemu-system-x86_64:qemu-system-x86 shellcheck:shellcheck strace:strace git:git
zsh:zsh'
# 32 bits for gcc, where there is such a thing: a compiler of the machine's own may have them too.
case $(uname -m) in
x86_64) sh tests/cc.sh m32 --works || needs="$needs gcc-multilib" ;;
esac
[ $# -eq 0 ] || needs=$*

here() {
	case $1 in
	*:*) command -v "${1%%:*}" >/dev/null 2>&1 ;;
	*) dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q ' installed$' ;;
	esac
}

missing() {
	for need in $needs; do
		here "$need" || printf '%s ' "${need#*:}"
	done
}

packages=$(missing)
if [ -z "$packages" ]; then
	echo "setup: everything that the tests need is here"
	exit 0
fi
run=
if [ "$(id -u)" -ne 0 ]; then
	if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
		run='sudo -n'
	else
		run=no
	fi
fi
if [ "$run" != no ] && command -v apt-get >/dev/null 2>&1; then
	echo "setup: installing: $packages"
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	get() { # never at the price of a package that is there: gcc-multilib and cross compilers conflict
		$run apt-get install -q -y --no-install-recommends --no-remove "$@" >"$log" 2>&1
	}
	# All at once, or else each that can be had.
	# shellcheck disable=SC2086 # both are lists of words
	{ $run apt-get update -q >"$log" 2>&1 && get $packages; } || for package in $packages; do
		get "$package" || tail -n 5 "$log"
	done
	rm -f "$log"
fi
packages=$(missing)
if [ -n "$packages" ]; then
	echo "setup: missing, and not installed: $packages"
	echo "setup: tests that need them are skipped; as root: apt-get install $packages"
fi
