#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry list and remove: what is in a store, as a table and as JSON, and less of it.

load helper
setup() { common_setup; }
teardown() { common_teardown; }

@test "an empty store is a table with its header, and an empty array" {
	store_start
	[ "$(fdferry list)" = 'NAME  KIND  ADDRESS/PATH  SIZE  OWNER  AGE  TTL  WAITING' ]
	[ "$(fdferry list --json)" = '[]' ]
	fails 0 fdferry list 'x*'
	store_stop
}

@test "the table has a line each, with columns below each other" {
	store_start
	fdferry put 'a name with blanks' file:notes.txt,rw
	fdferry put --ttl 59m a-listener tcp-listen:127.0.0.1:0
	fdferry put b pidfd:$$
	fdferry list >out
	[ "$(wc -l <out)" -eq 4 ]
	# By name; every line has its columns where the header has them.
	[ "$(cut -c 1-18 out)" = 'NAME              
a name with blanks
a-listener        
b                 ' ]
	kind=$(awk 'NR == 1 { print index($0, "KIND") }' out)
	[[ "$(sed -n 2p out | cut -c "$kind-")" == "file "*" $PWD/notes.txt "*" 13  $(id -un) "*' - '*' -' ]]
	[[ "$(sed -n 3p out | cut -c "$kind-")" == "tcp-listen "*" 127.0.0.1:"*" $(id -un) "*"59m "*' 0' ]]
	[ "$(awk '{ print length($0) }' out | sort -u | wc -l)" -eq 1 ]
	[[ "$(fdferry list --ids | sed -n 1p)" == *'ID  NAME '* ]]
	[[ "$(fdferry list 'a-*' | tail -n +2)" == 'a-listener '* ]]
	store_stop
}

@test "--json has exactly the documented keys, null for what is not known" {
	store_start
	fdferry put --ttl 10m timed notes.txt
	fdferry put lis tcp-listen:127.0.0.1:0
	fdferry list --json >out
	[ "$(jq -c '.[0] | keys_unsorted' out)" = \
		'["id","name","kind","path","owner_uid","age_ms","ttl_ms","waiting","queued_fds"]' ]
	[ "$(jq -c '.[0] | [.name, .kind, .path, .owner_uid, .waiting]' out)" = \
		"[\"timed\",\"file\",\"$PWD/notes.txt\",$(id -u),null]" ]
	[ "$(jq -c '.[1] | [.name, .kind, .ttl_ms, .waiting]' out)" = '["lis","tcp-listen",null,0]' ]
	[ "$(jq '.[0].id < .[1].id' out)" = true ]
	[ "$(jq '.[0].ttl_ms > 0 and .[0].age_ms >= 0' out)" = true ]
	[ "$(fdferry list --json 'l?s' | jq -c '[.[].name]')" = '["lis"]' ]
	store_stop
}

@test "connections that wait are counted, red on a terminal, unless NO_COLOR" {
	store_start
	fdferry put lis tcp-listen:127.0.0.1:0
	address=$(fdferry list --json | jq -r '.[0].path')
	exec 6<>"/dev/tcp/${address%:*}/${address##*:}"
	[ "$(fdferry list --json | jq '.[0].waiting')" -eq 1 ]
	[[ "$(fdferry list)" != *$'\033'* ]]
	if command -v script >/dev/null && script -qec true /dev/null >log 2>&1 3>&-; then
		TERM=xterm script -qec 'fdferry list' /dev/null >log 3>&- </dev/null
		grep -q $'\033\\[31m1\033\\[0m' log
		NO_COLOR=1 TERM=xterm script -qec 'fdferry list' /dev/null >log 3>&- </dev/null
		[ "$(grep -c $'\033' log)" -eq 0 ]
	fi
	exec 6>&-
	store_stop
}

@test "a path with control characters does not reach the terminal" {
	store_start
	cp notes.txt $'bad\033[31m\nname'
	fdferry put bad $'./bad\033[31m\nname'
	[ "$(fdferry list | wc -l)" -eq 2 ]
	[[ "$(fdferry list)" == *'/bad\x1b[31m\x0aname'* ]]
	fdferry list --json | jq -e '.[0].path' >/dev/null
	store_stop
}

@test "remove forgets all that a name has; who has got one keeps it" {
	store_start
	mkfifo go
	fdferry put it notes.txt notes.txt
	fdferry put other notes.txt
	start fdferry get --stdin it -- sh -c ': >got; read -r line <go; cat'
	exec 6<>go
	eventually test -e got
	fdferry remove --pattern 'o*'
	fails 1 fdferry remove it other
	one_line 'cannot remove it, other in the store' "'fdferry list' says what is"
	[ "$(fdferry list --json | jq length)" -eq 2 ]
	fdferry remove --id "$(fdferry list --json | jq '.[0].id')"
	[ "$(fdferry list --json | jq length)" -eq 1 ]
	echo >&6
	finish_but_store
	[ "$output" = 'written by B' ]
	fdferry remove it
	fails 1 fdferry remove it
	one_line 'cannot remove it in the store'
	fails 1 fdferry remove --pattern '*'
	one_line "cannot remove '*' in the store" 'no name here matches'
	exec 6>&-
	store_stop
}

# finish forgets the store, too.
finish_but_store() {
	finish
	pids=("$store")
}

@test "a command line that is wrong is 2, a store that is not there 1, one that is silent 3" {
	fails 2 fdferry list a b
	one_line 'one pattern only'
	fails 2 fdferry list --wrong
	fails 2 fdferry remove
	one_line 'what to remove is missing'
	fails 2 fdferry remove a:b
	fails 1 fdferry list --store nowhere
	one_line 'cannot open the store nowhere' 'no store runs there'
	fails 1 fdferry remove --store nowhere a
	one_line 'cannot open the store nowhere'
	mute_store
	fails 3 fdferry list --store mute --timeout 50ms
	one_line 'the store mute did not answer in the time given'
	fails 3 fdferry remove --store mute --timeout 50ms a
	mute_stop
}

@test "--limits shows every limit with its option and what is used; check sees an owner's" {
	store_start --max-fds 40 --max-fds-per-owner 20 --max-clients 9 --max-clients-per-owner 8 \
		--max-unread 300 --idle-time 7m
	# shellcheck disable=SC2046 # words
	fdferry put web $(yes notes.txt | head -n 18)
	fdferry check
	fdferry list --limits >out
	[ "$(awk 'NR > 1 { print $1, $2, $3 }' out)" = "max-fds 18 40
max-fds-per-owner 18 20
max-clients 1 9
max-clients-per-owner 1 8
max-unread 0 300
idle-time - 7m" ]
	fdferry list --limits --json >out
	[ "$(jq -c '[."max-fds-per-owner".used, ."max-unread".most, ."idle-time"]' out)" = '[18,300,{"used":null,"most":420000}]' ]
	fdferry put web notes.txt
	status=0
	fdferry check >out || status=$?
	[ "$status" -eq 1 ]
	grep -q -e '--max-fds-per-owner' out
	error=$(fdferry put web notes.txt notes.txt 2>&1) && false
	[[ "$error" == *'of uid '*' it holds 19 descriptors, and --max-fds-per-owner is 20'* ]]
	store_stop
}
