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
