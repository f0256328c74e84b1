# store.bash - a store for the programs of a test, in ./kept; beside helper.bash.
# shellcheck shell=bash

keep_store() {
	fdferry store --store kept "$@" 3>&- 6>&- 2>store.err &
	store=$!
	pids+=("$store")
	until_true grep -q ready store.err
}

store_ends() { # told to end, it does, and well
	kill "$store"
	wait "$store" || { echo "the store: $?: $(cat store.err)"; return 1; }
	pids=()
}

ask() { # LINE... : the lines of the answer
	python3 "$here/store_ask.py" kept "$@"
}

said() { # KEY: of the store's status
	ask OP=status | sed -n "s/^$1=//p"
}

kept() { # NAME: is something called so?
	ask OP=list "NAME=$1" | grep -qx ERRNO=0
}

gone() {
	! kept "$1"
}

# Another process has the role then, whatever this one was doing.
kill_twin() { # BROKER or KEEPER
	local pid
	pid=$(said "$1")
	kill -9 "$pid"
	until_true replaced "$1" "$pid"
}

replaced() {
	local now
	now=$(said "$1") && [ -n "$now" ] && [ "$now" -gt 0 ] && [ "$now" != "$2" ]
}
