#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# D-Bus: descriptors of type h, through a bus of our own, to a service in Python and from it.

load helper
setup() {
	need dbus-run-session python3 gdbus
	interop_setup
	python3 -c 'import dbus.mainloop.glib, gi' 2>/dev/null || skip 'python3-dbus or python3-gi is not installed'
	# The bus and the service end with the script that dbus-run-session runs.
	cat >session <<-'EOS'
		python3 "$here/dbus_service.py" <&6 >service 3>&- &
		service=$!
		for _ in $(seq 3000); do [ -s service ] && break || sleep 0.01; done
		"$@"
		status=$?
		kill $service
		exit $status
	EOS
	export here
}
teardown() { interop_teardown; }

@test "fdferry recv to a D-Bus service, by gdbus call" {
	start dbus-run-session -- sh session \
		fdferry recv sock -- gdbus call --session --dest org.example.Ferry --object-path / --method org.example.Ferry.Put "{fd:0}"
	we_send
	[ "$output" = "('close-on-exec',)" ] || [ "$output" = "('inheritable',)" ]
	peer "dbus | $(dbus-daemon --version | sed -n '1s/.* //p'), python3-dbus $(python3 -c 'import dbus; print(dbus.__version__)')"
	peer "python3-dbus take() | received descriptor: ${output//[^a-z-]/}"
}

@test "a D-Bus service to fdferry send" {
	start fdferry recv --stdio sock -- sh -c "$taker"
	await sock
	dbus-run-session -- sh session python3 "$here/dbus_get.py" fdferry send sock fd:0 3>&-
	sent_to_us
}
