#!/bin/sh
# SPDX-License-Identifier: MIT
# setup.sh - installs what the tests need, or says what is missing.
set -u

# command:package, as Debian calls it
needs='bats:bats clang:clang clang-format:clang-format g++:g++ jq:jq mandoc:mandoc
pkg-config:pkg-config prove:perl shellcheck:shellcheck strace:strace git:git'

missing() {
	for need in $needs; do
		command -v "${need%%:*}" >/dev/null 2>&1 || printf '%s ' "${need#*:}"
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
	# shellcheck disable=SC2086 # both are lists of words
	{ $run apt-get update -q && $run apt-get install -q -y --no-install-recommends $packages; } \
		>/tmp/fdferry-setup.$$ 2>&1 || tail -n 5 /tmp/fdferry-setup.$$
	rm -f /tmp/fdferry-setup.$$
fi
packages=$(missing)
if [ -n "$packages" ]; then
	echo "setup: missing, and not installed: $packages"
	echo "setup: tests that need them are skipped; as root: apt-get install $packages"
fi
