#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Servers that are killed and started again by fdferry exec: the listener is in the store, and so are its visitors.

load helper
load store
setup() {
	need python3
	interop_setup
	unset FDFERRY_STORE
	keep_store
	fdferry put --timeout 1m --store kept web tcp-listen:127.0.0.1:0
	port=$(fdferry exec --timeout 1m --store kept web -- python3 -c 'import socket
print(socket.socket(fileno=3).getsockname()[1])')
	inode=$(fdferry exec --timeout 1m --store kept web -- stat -Lc %i /dev/fd/3)
}
teardown() { interop_teardown; }

# Connects and asks; what is answered, when there is a server, is in answer.
visit() {
	rm -f connected
	python3 "$here/store_visit.py" "$port" >answer 3>&- 6>&- &
	visitor=$!
	pids+=("$visitor")
	until_true test -e connected
}

answered() { # BY: a process
	wait "$visitor"
	[ "$(cat answer)" = "$1" ] || { echo "answered: $(cat answer), not $1"; return 1; }
}

has_listener() { # PID
	find "/proc/$1/fd" -lname "socket:\[$inode\]" | grep -q .
}

serves() { # CMD... : becomes the server
	"$@" 3>&- 6>&- 2>>server.err &
	server=$!
	pids+=("$server")
}

# All of it; nobody but the store has the listener then, and who comes now is in its queue.
killed() { # PID...
	kill -9 "$@"
	wait "$server" || true
	visit
	kill_twin BROKER
}

ends_well() {
	kill "$server"
	wait "$server" || true
	store_ends
}

@test "gunicorn is killed, all of it: who comes in between is served by the next, on the same listener" {
	need gunicorn pgrep
	cat >app.py <<-'END'
		import os
		def app(environ, start_response):
		    start_response("200 OK", [("Content-Type", "text/plain")])
		    return [b"%d\n" % os.getppid()]
	END
	again=(fdferry exec --timeout 1m --store kept web -- gunicorn --workers 1 --worker-tmp-dir . app:app)
	serves "${again[@]}"
	visit
	answered "$server"
	[ "$(said STATE_READY)" = 1 ]
	has_listener "$server"
	mapfile -t workers < <(pgrep -P "$server")
	killed "$server" "${workers[@]}"
	serves "${again[@]}"
	answered "$server"
	has_listener "$server"
	ends_well
	peer "gunicorn, store | $(gunicorn --version | sed -n 's/.*version \([^)]*\).*/\1/p')"
}

@test "haproxy is killed: who comes in between is served by the next, on the same listener" {
	haproxy=$(command -v haproxy || echo "$tools/root/usr/sbin/haproxy")
	[ -x "$haproxy" ] || skip 'haproxy is not there'
	LD_LIBRARY_PATH=$tools/root/usr/lib/$(uname -m)-linux-gnu
	export LD_LIBRARY_PATH
	cat >haproxy.cfg <<-'END'
		defaults
			mode http
			timeout client 60s
		frontend web
			bind "fd@${WEB}"
			http-request return status 200 content-type text/plain lf-string "%pid\n"
	END
	again=(fdferry exec --timeout 1m --store kept web -- env "WEB={fd:web}" "$haproxy" -db -f haproxy.cfg)
	serves "${again[@]}"
	visit
	answered "$server"
	has_listener "$server"
	killed "$server"
	serves "${again[@]}"
	answered "$server"
	has_listener "$server"
	ends_well
	peer "haproxy, store | $("$haproxy" -v | sed -n '1s/.*version \([^ ]*\).*/\1/p')"
}
