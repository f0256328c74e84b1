#!/bin/sh
# SPDX-License-Identifier: MIT
# cross.sh - gcc for s390x and its libc, for tests/cc.sh, unpacked below build/cross.
#
# Succeeds if there is a compiler afterwards.  Not installed: Debian's gcc-multilib, which the tests
# want as well, and its cross compilers exclude each other.
set -u

sh tests/cc.sh s390x --version >/dev/null 2>&1 && exit 0
command -v apt-get >/dev/null 2>&1 || exit 1
where=build/cross
rm -rf $where $where.part
mkdir -p $where.part || exit 1
# What is for s390x; what it needs of the build machine is what the machine's own gcc needs.
packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
	--no-replaces --no-enhances gcc-s390x-linux-gnu libc6-dev-s390x-cross 2>/dev/null |
	grep '^[a-z].*s390x')
unpack() {
	cd $where.part || return
	# shellcheck disable=SC2086 # a list of words
	apt-get -q download $packages >/dev/null 2>&1 || return
	for package in ./*.deb; do
		dpkg-deb -x "$package" . && rm "$package" || return
	done
}
if ! (unpack) || ! mv $where.part $where; then
	rm -rf $where.part
	exit 1
fi
sh tests/cc.sh s390x --version >/dev/null
