#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry get and take: what comes out of a store, and what stays in it.

load helper
setup() {
	common_setup
	echo second >second.txt
}
teardown() { common_teardown; }

held() { fdferry list --json | jq length; }

@test "get prints a line for each, with its name; --json an object" {
	store_start
	fdferry put one file:notes.txt,rw
	fdferry put 'two, "quoted"' second.txt
	[ "$(fdferry get one 'two, "quoted"')" = "one: file $PWD/notes.txt rw offset 0 size 13
two, \"quoted\": file $PWD/second.txt ro offset 0 size 7" ]
	fdferry get --json 'two, "quoted"' one >out
	[ "$(head -n 1 out | jq -c keys_unsorted)" = \
		'["id","name","kind","path","access","offset","size","flags"]' ]
	[ "$(jq -c '[.name, .kind, .size]' out)" = '["two, \"quoted\"","file",7]
["one","file",13]' ]
	[ "$(held)" -eq 2 ]
	store_stop
}

@test "CMD gets them as 3, 4, ... with their names, and its status is ours" {
	store_start
	fdferry put web notes.txt notes.txt
	fdferry put 'a,b' second.txt
	[ "$(fdferry get web 'a,b' -- sh -c 'echo "$LISTEN_FDS $LISTEN_FDNAMES $((LISTEN_PID - $$))"; cat <&5')" = \
		$'3 web:web:a,b 0\nsecond' ]
	[ "$(fdferry get 'a,b' web -- sh -c 'echo "$@"' - '{fd:web}' 'x{fd:0}' '{fd:a,b}')" = '4 x3 3' ]
	fdferry put --replace 'a,b' second.txt # what has read the other has moved its offset
	[ "$(fdferry get --stdin 'a,b' web -- sh -c 'cat; echo "$LISTEN_FDS $LISTEN_FDNAMES"')" = \
		$'second\n2 web:web' ]
	fdferry put --replace 'a,b' second.txt
	[ "$(fdferry get --stdin 'a,b' -- sh -c 'cat; echo "${LISTEN_FDS-none}"')" = $'second\nnone' ]
	: >written.txt
	fdferry put log file:written.txt,append
	fdferry get --stdio log -- echo written
	[ "$(cat written.txt)" = written ]
	fails 7 fdferry get web -- sh -c 'exit 7'
	fails 143 fdferry get web -- sh -c 'kill -TERM $$'
	fails 127 fdferry get web -- ./no-such-command
	fails 1 fdferry get web -- echo '{fd:other}'
	one_line "{fd:other}: no descriptor is called so" "'echo' was not run"
	store_stop
}

@test "by pattern and by id" {
	store_start
	fdferry put web-1 notes.txt
	fdferry put web-2 second.txt
	fdferry put log notes.txt
	[ "$(fdferry get --pattern 'web-*' | wc -l)" -eq 2 ]
	id=$(fdferry list --json | jq '.[] | select(.name == "web-2").id')
	[[ "$(fdferry get --id "$id")" == "web-2: "* ]]
	[ "$(fdferry get --pattern 'web-*' --id "$id" log | wc -l)" -ge 3 ]
	fails 1 fdferry get --pattern 'x*'
	one_line "cannot get 'x*' in the store" "'fdferry list'"
	fails 1 fdferry get --id 99999
	one_line 'cannot get id 99999'
	store_stop
}

@test "nothing comes if one name is not there" {
	store_start
	fdferry put web notes.txt
	fails 1 fdferry get web other
	one_line 'cannot get web, other in the store' "'fdferry list' says what is"
	[ -z "$output" ]
	store_stop
}

@test "--restore-flags sets the flags that it was put with" {
	store_start
	mkfifo pipe
	exec 6<>pipe
	set_flags='fcntl(STDIN, 4, $ARGV[0] + 0) or die $!' # F_SETFL
	perl -MFcntl -e "$set_flags" "$(perl -MFcntl -e 'print O_NONBLOCK')" <&6
	fdferry put pipe fd:6
	perl -e "$set_flags" 0 <&6
	nonblock='exit((fcntl(STDIN, F_GETFL, 0) & O_NONBLOCK) != 0 ? 0 : 9)'
	fails 9 fdferry get --stdin pipe -- perl -MFcntl -e "$nonblock"
	fails 0 fdferry get --restore-flags --stdin pipe -- perl -MFcntl -e "$nonblock"
	exec 6>&-
	store_stop
}

@test "more than one message can carry" {
	store_start
	for i in 1 2 3; do
		# shellcheck disable=SC2046 # words
		fdferry put many $(yes notes.txt | head -n 200)
	done
	ulimit -n 2048 2>/dev/null || skip 'too few descriptors are allowed here'
	[ "$(fdferry get many | wc -l)" -eq 600 ]
	[ "$(fdferry take many -- sh -c 'echo "$LISTEN_FDS"')" -eq 600 ]
	[ "$(held)" -eq 0 ]
	store_stop
}

@test "take removes what it has got, and one of several gets it" {
	store_start
	fdferry put it notes.txt
	fdferry put other notes.txt
	[ "$(fdferry take --stdin it -- cat)" = 'written by B' ]
	fails 1 fdferry take it
	one_line 'cannot take it in the store'
	[[ "$(fdferry take other)" == "other: file $PWD/notes.txt"* ]]
	[ "$(held)" -eq 0 ]
	fdferry put it notes.txt
	takers=()
	for i in 1 2 3 4 5; do
		fdferry take it >"taken.$i" 2>/dev/null 3>&- &
		takers+=($!)
	done
	wait "${takers[@]}" || true
	[ "$(cat taken.* | wc -l)" -eq 1 ]
	store_stop
}

@test "take leaves it there if CMD cannot be run" {
	store_start
	fdferry put it notes.txt
	fails 127 fdferry take it -- ./no-such-command
	one_line "cannot run './no-such-command'" 'nothing was taken'
	: >not-executable
	fails 126 fdferry take it -- ./not-executable
	one_line "cannot run './not-executable'" 'nothing was taken'
	fails 1 fdferry take it -- echo '{fd:other}'
	one_line 'no descriptor is called so'
	[ "$(held)" -eq 1 ]
	store_stop
}

@test "a command line that is wrong is 2, a store that is not there 1, one that is silent 3" {
	for command in get take; do
		fails 2 fdferry $command
		one_line "what to $command is missing"
		fails 2 fdferry $command a:b
		fails 2 fdferry $command --id x
		one_line "'x' is not an id"
		fails 2 fdferry $command --stdin a
		one_line 'go with a command'
		fails 2 fdferry $command --json a -- cat
		one_line '--json does not go'
		fails 2 fdferry $command a --
		one_line 'a command is missing behind --'
		fails 2 fdferry $command --pattern a --pattern b
		fails 1 fdferry $command --store nowhere a
		one_line 'cannot open the store nowhere' 'no store runs there'
	done
	mute_store
	fails 3 fdferry get --store mute --timeout 50ms a
	one_line 'the store mute did not answer in the time given'
	fails 3 fdferry take --store mute --timeout 50ms a
	mute_stop
}

@test "the store that is meant when nothing says which" {
	unset FDFERRY_STORE
	if [ "$(id -u)" -eq 0 ]; then
		fails 1 env XDG_RUNTIME_DIR="$PWD" fdferry get --id 1000000
		one_line /run/fdferry/default
	else
		fails 1 env XDG_RUNTIME_DIR="$PWD" fdferry get a
		one_line "cannot open the store $PWD/fdferry/default"
		fails 1 env -u XDG_RUNTIME_DIR fdferry get a
		one_line 'give --store DIR, or set FDFERRY_STORE'
	fi
}
