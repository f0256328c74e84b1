#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh FILE... - installs the other programs, builds ours that use their libraries, and runs the tests.
set -u

: "${BUILD:=build}" "${MAKE:=make}"
there=$BUILD/interop
mkdir -p "$there"

needs='bats:bats dbus-run-session:dbus-daemon gdbus:libglib2.0-bin gunicorn:gunicorn jq:jq nc.openbsd:netcat-openbsd node:nodejs
npm:npm perl:perl php:php-cli ps:procps pkg-config:pkg-config python3:python3 qemu-system-x86_64:qemu-system-x86
ruby:ruby runc:runc crun:crun ssh:openssh-client systemd-notify:systemd unshare:util-linux g++:g++
libglib2.0-dev libio-fdpass-perl libowfat-dev libsystemd-dev libuv1-dev python3-dbus python3-gi python3-systemd'
# shellcheck disable=SC2086 # a list of words
sh tests/setup.sh $needs

# A package that would start a server when installed is unpacked instead, with the libraries it wants.
unpack() {
	[ -e "$there/root/$1" ] && return
	rm -rf "$there/debs"
	mkdir -p "$there/debs" "$there/root"
	(cd "$there/debs" && apt-get download -q "$@") >"$there/unpack.log" 2>&1 || {
		echo "interop: $1 cannot be downloaded: $(tail -n 1 "$there/unpack.log")"
		return
	}
	for deb in "$there/debs"/*.deb; do
		dpkg-deb -x "$deb" "$there/root"
	done
	touch "$there/root/$1"
}
command -v sshd >/dev/null 2>&1 || unpack openssh-server libwrap0
command -v haproxy >/dev/null 2>&1 || unpack haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1

usocket_works() {
	(cd "$there" && node -e 'require("usocket")') >/dev/null 2>&1
}
# It compiles against Node's headers: those that are here, since others would have to be downloaded.
usocket() {
	if usocket_works || ! command -v npm >/dev/null 2>&1; then
		return
	fi
	[ ! -e /usr/include/node/node.h ] || export npm_config_nodedir=/usr
	# npm may be one that runs no scripts of packages: then it is compiled by hand.
	{
		npm install --no-audit --no-fund --no-save --fetch-retries=1 --prefix "$there" usocket@1.1.0 && {
			usocket_works || (cd "$there/node_modules/usocket" && ../.bin/node-gyp rebuild)
		}
	} >"$there/usocket.log" 2>&1 ||
		echo "interop: usocket is not built: $(grep -m 1 -iE 'failed|error:' "$there/usocket.log")"
}
usocket

for source in tests/interop/*.c; do
	program=$there/$(basename "$source" .c)-peer
	$MAKE -s BUILD="$BUILD" "$program" 2>"$there/build.log" ||
		echo "interop: $program is not built: $(grep -m 1 -i error "$there/build.log")"
done

LOG=$there/log sh tests/run.sh "$@" >"$there/counts"
status=$?
# What the other programs are, and what they do with a descriptor.
sed -n 's/^# peer: /interop: /p' "$there/log"
cat "$there/counts"
exit "$status"
