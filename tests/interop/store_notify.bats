#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry store is the service manager: what systemd's own clients put at its notify door, fdferry exec gives back.

load helper
load store
setup() {
	need python3
	interop_setup
	unset FDFERRY_STORE
	export NOTIFY_SOCKET=$PWD/kept/notify
	keep_store
}
teardown() { interop_teardown; }

have_module() {
	python3 -c 'import systemd.daemon' 2>/dev/null || skip 'python3-systemd is not installed'
}

@test "systemd-notify to the store: all is told when it ends, because it waits for its barrier" {
	need systemd-notify
	timeout 100 systemd-notify --ready --status='at work'
	[ "$(said STATE_READY)" = 1 ]
	[ "$(said STATE_STATUS)" = 'at work' ]
	timeout 100 systemd-notify --status='at rest'
	[ "$(said STATE_STATUS)" = 'at rest' ]
	store_ends
	peer "systemd-notify, store | $(systemd-notify --version | sed -n '1s/^systemd \([^ ]*\).*/\1/p')"
}

@test "python3-systemd: notify(fds=...) to the store, fdferry exec to listen_fds_with_names" {
	have_module
	python3 -c 'from systemd import daemon
daemon.notify("FDSTORE=1\nFDNAME=null", fds=[1])
daemon.notify("FDSTORE=1\nFDNAME=notes", fds=[0])' <&6 >/dev/null
	until_true kept notes
	kill_twin BROKER
	fdferry exec --timeout 1m --store kept null notes -- python3 -c 'from systemd import daemon
import os
fds = daemon.listen_fds_with_names()
assert list(fds.items()) == [(3, "null"), (4, "notes")], fds
os.write(4, b"peer has: " + os.read(4, 100))'
	one_file peer
	python3 -c 'from systemd import daemon; daemon.notify("FDSTOREREMOVE=1\nFDNAME=notes")'
	until_true gone notes
	kept null
	store_ends
	peer "python3-systemd, store | $(dpkg-query -W -f '${Version}' python3-systemd 2>/dev/null)"
}

@test "libsystemd: sd_pid_notify_with_fds and its barrier to the store, fdferry exec to sd_listen_fds_with_names" {
	need libsystemd-peer
	libsystemd-peer put <&6
	kept notes
	fdferry exec --timeout 1m --store kept notes -- libsystemd-peer take >said
	[ "$(tail -n 1 said)" = 1 ]
	one_file peer
	store_ends
	peer "libsystemd, store | $(dpkg-query -W -f '${Version}' libsystemd-dev 2>/dev/null)"
}

@test "libsystemd: as many as a message takes, and one more; the twins are killed one after the other" {
	need libsystemd-peer
	libsystemd-peer many
	libsystemd-peer put <&6
	kill_twin KEEPER
	kill_twin BROKER
	fdferry exec --timeout 1m --store kept many notes -- libsystemd-peer take >said
	[ "$(tail -n 1 said)" = 254 ]
	one_file peer
	store_ends
}

@test "a pipe whose other end is closed is dropped, but not with FDPOLL=0" {
	have_module
	python3 -c 'from systemd import daemon
import os
for more in "FDNAME=dropped", "FDNAME=held\nFDPOLL=0":
    r, w = os.pipe()
    daemon.notify("FDSTORE=1\n" + more, fds=[r])'
	until_true kept held
	until_true gone dropped
	kept held
	store_ends
}
