#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# nc -F connects and passes the connection to its standard output.  It receives no descriptor.

load helper
setup() {
	need nc python3
	nc -h 2>&1 | grep -q OpenBSD || skip 'this nc is not that of OpenBSD'
	interop_setup
}
teardown() { interop_teardown; }

@test "nc -F to fdferry recv: the connection that nc has made" {
	serve sh -c 'echo hello; read -r line; echo "$line" >answer'
	# nc leaves its connection non-blocking, which a shell cannot read.
	start fdferry recv -t stream --stdio sock -- sh -c 'fdferry inspect fd:0 >connection
		python3 -c "import os; os.set_blocking(0, True)"
		read -r line
		echo "A has: $line"'
	await sock
	# The standard output of nc has to be a connection to sock.
	fdferry recv --stdio stdout -- nc -F 127.0.0.1 "$port" 3>&- &
	nc=$!
	pids+=("$nc")
	fdferry send --wait 10s stdout unix-connect:sock
	wait "$nc"
	wait "$server"
	finish
	[ "$status" -eq 0 ]
	[ "$(cat answer)" = 'A has: hello' ]
	[[ "$(cat connection)" == "socket tcp:127.0.0.1:"*":$port rw"* ]]
	peer "nc -F | sent connection: $(grep -o nonblock connection)"
	peer "nc -F | $(dpkg-query -W -f '${Version}' netcat-openbsd 2>/dev/null)"
}
