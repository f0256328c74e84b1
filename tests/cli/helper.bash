# helper.bash - what the tests of the command share.  A test that leaves a process or a socket file
# behind has failed.

# bats keeps a descriptor 3 of its own: what runs in the background must not hold it.

common_setup() {
	local build=${BUILD:-build}
	local root
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	case $build in
	/*) ;;
	*) build=$root/$build ;;
	esac
	PATH=$build:$build/examples:$PATH
	cd "$BATS_TEST_TMPDIR" || return 1
	printf 'written by B\n' >notes.txt
	pids=()
}

common_teardown() {
	local pid left=0
	for pid in "${pids[@]}"; do
		if kill "$pid" 2>/dev/null; then
			echo "left running: $pid"
			left=1
		fi
	done
	if [ -n "$(find . -type s)" ]; then
		echo "left behind: $(find . -type s)"
		left=1
	fi
	return $left
}

# Runs in the background; its output is in out and err.
start() {
	"$@" >out 2>err 3>&- &
	pid=$!
	pids+=("$pid")
}

# Waits for what start has started: its status is in $status, its output in $output.
finish() {
	status=0
	wait "$pid" || status=$?
	pids=()
	output=$(cat out)
	error=$(cat err)
}

# The receiver is there when its socket is: bounded.
await() {
	local i
	for i in $(seq 500); do
		[ -S "$1" ] && return 0
		sleep 0.01
	done
	echo "no socket $1 has appeared"
	return 1
}

one_line() { # the error is one line, and says: each of the arguments
	[ "$(printf '%s\n' "$error" | wc -l)" -eq 1 ] || { echo "not one line: $error"; return 1; }
	local word
	for word in "$@"; do
		[[ "$error" == *"$word"* ]] || { echo "'$word' is missing: $error"; return 1; }
	done
}

# Runs a command that fails: $status and the one line in $error.
fails() {
	local expected=$1
	shift
	status=0
	"$@" >out 2>err 3>&- || status=$?
	output=$(cat out)
	error=$(cat err)
	[ "$status" -eq "$expected" ] || { echo "status $status, not $expected: $error"; return 1; }
}

# A store in the directory "store", which every command finds by $FDFERRY_STORE; options are the store's.
# It has been there as long as its line on descriptor 3 has come.
store_start() {
	local ready
	mkfifo ready
	exec {ready}<>ready
	fdferry store --store "$PWD/store" --ready-fd 3 "$@" >store.out 2>store.err 3>ready {ready}>&- &
	store=$!
	pids+=("$store")
	export FDFERRY_STORE=$PWD/store
	if ! read -r -t 30 -u "$ready"; then
		echo "no store: $(cat store.err)"
		return 1
	fi
	exec {ready}>&-
	rm ready
}

# It takes its sockets along.
store_stop() {
	local i pid
	kill "$store" 2>/dev/null || true
	for i in $(seq 3000); do
		kill -0 "$store" 2>/dev/null || break
		sleep 0.01
	done
	kill -KILL "$store" 2>/dev/null && echo 'the store does not end'
	wait "$store" || true
	for i in "${!pids[@]}"; do
		pid=${pids[i]}
		[ "$pid" != "$store" ] || unset "pids[i]"
	done
	rm -rf store
}

# Runs a command again and again until it succeeds: bounded.
eventually() {
	local i
	for i in $(seq 3000); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.01
	done
	echo "never: $*"
	return 1
}

# A store whose door is there, and that never says anything.
mute_store() {
	mkdir -p mute
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_SEQPACKET, 0); bind(S, pack_sockaddr_un("mute/store"));
		listen(S, 8); sleep 600' 3>&- &
	mute=$!
	pids+=("$mute")
	await mute/store
}

mute_stop() {
	kill "$mute"
	wait "$mute" || true
	pids=()
	rm -r mute
}
