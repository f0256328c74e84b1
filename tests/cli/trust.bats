#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry recv --from and --expect: from whom, and what.

load helper
setup() { common_setup; }
teardown() { common_teardown; }

as_nobody() { # needs root
	[ "$(id -u)" -eq 0 ] || skip 'only root can become another user'
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

@test "--from lets those send whom it names, by every type" {
	for type in dgram stream seqpacket; do
		start fdferry recv -t "$type" --from "uid=$(id -u)" --from uid=77777 sock
		fdferry send --wait 5s sock notes.txt
		finish
		[ "$status" -eq 0 ]
		start fdferry recv -t "$type" --from "group=$(id -gn)" sock
		fdferry send --wait 5s sock notes.txt
		finish
		[ "$status" -eq 0 ]
	done
}

@test "--from refuses others, who take nobody's turn" {
	for type in dgram stream seqpacket; do
		start fdferry recv -t "$type" --from uid=77777 --timeout 300ms sock
		fdferry send --wait 5s sock notes.txt 2>/dev/null || true
		finish
		[ "$status" -eq 3 ]
		[ "$output" = '' ]
		[[ "$error" == *"--from does not allow uid $(id -u)"* ]]
	done
}

@test "another user is turned away, and the next who may is heard" {
	[ "$(id -u)" -eq 0 ] || skip 'only root can become another user'
	place=$(mktemp -d)
	chmod 755 "$place"
	for type in dgram stream seqpacket; do
		start fdferry recv -t "$type" --mode 0666 --from user=root "$place/sock"
		await "$place/sock"
		as_nobody "$(command -v fdferry)" send "$place/sock" /dev/null || true
		fdferry send "$place/sock" notes.txt
		finish
		[ "$status" -eq 0 ]
		[[ "$output" == *notes.txt* ]]
		[[ "$error" == *'does not allow uid 65534'* ]]
	done
	rmdir "$place"
}

@test "what another user sends ends nothing, whatever it is" {
	[ "$(id -u)" -eq 0 ] || skip 'only root can become another user'
	place=$(mktemp -d)
	chmod 755 "$place"
	for type in dgram stream seqpacket; do
		start fdferry recv -t "$type" --mode 0666 --from uid=0 --expect memfd --fds 1 "$place/sock"
		await "$place/sock"
		as_nobody "$(command -v fdferry)" send "$place/sock" /dev/null || true
		as_nobody "$(command -v fdferry)" send "$place/sock" /dev/null /dev/null || true
		fdferry send "$place/sock" memfd:notes.txt
		finish
		[ "$status" -eq 0 ]
		[[ "$output" == 'message 1: '* ]]
		[ "$(grep -c 'does not allow uid 65534' err)" -eq 2 ]
		[ "$(wc -l <err)" -eq 2 ]
	done
	rmdir "$place"
}

@test "a stranger's message at a full table ends nothing" {
	[ "$(id -u)" -eq 0 ] || skip 'only root can become another user'
	place=$(mktemp -d)
	chmod 755 "$place"
	start sh -c "ulimit -n 20; exec fdferry recv --mode 0666 --from uid=0 '$place/sock'"
	await "$place/sock"
	# shellcheck disable=SC2046 # many words
	as_nobody "$(command -v fdferry)" send "$place/sock" $(yes /dev/null | head -n 30)
	fdferry send "$place/sock" notes.txt
	finish
	[ "$status" -eq 0 ]
	# Whether 65534 is a user or one without a number here takes a free number to tell.
	one_line 'refused a message'
	rmdir "$place"
}

# Each of them comes before the time is over, so that it would never end if they began it anew.
@test "what does not count does not begin --timeout anew" {
	for type in dgram stream seqpacket; do
		start fdferry recv -t "$type" --from uid=77777 --timeout 1s sock
		await sock
		for _ in $(seq 600); do
			fdferry send sock notes.txt 2>/dev/null || true
			[ -e sock ] || break
			sleep 0.05
		done
		[ ! -e sock ]
		finish
		[ "$status" -eq 3 ]
		[[ "$error" == *'no message on sock in the time given' ]]
	done
}

@test "a connection of another user is closed at once" {
	[ "$(id -u)" -eq 0 ] || skip 'only root can become another user'
	place=$(mktemp -d)
	chmod 755 "$place"
	start fdferry recv -t stream --mode 0666 --from uid=0 "$place/sock"
	await "$place/sock"
	as_nobody timeout 30 perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0);
		connect(S, pack_sockaddr_un($ARGV[0])) or die; exit(sysread(S, my $end, 1) // 2)' "$place/sock"
	fdferry send "$place/sock" notes.txt
	finish
	[ "$status" -eq 0 ]
	one_line 'refused a connection' 'does not allow uid 65534'
	rmdir "$place"
}

# What was queued before the kernel was asked who sends has no sender.
@test "a sender that is not proven is turned away, whoever may send" {
	fails 3 perl -MSocket -e '$^F = 99; socketpair(A, B, AF_UNIX, SOCK_DGRAM, 0) or die;
		system("fdferry", "send", "fd:" . fileno(A), "notes.txt") == 0 or die;
		exec "fdferry", "recv", "--timeout", "100ms", "--from", "uid=$ARGV[0]", "fd:" . fileno(B)' "$(id -u)"
	[ "$output" = '' ]
	[[ "$error" == *'its sender is unknown'* ]]
}

@test "an abstract name lets this user send, and no stranger" {
	name=@fdferry-trust-$BATS_ROOT_PID-$$
	start fdferry recv "$name"
	fdferry send --wait 5s "$name" notes.txt
	finish
	[ "$status" -eq 0 ]
	[ "$(id -u)" -eq 0 ] || skip 'only root can become another user'
	start fdferry recv --timeout 500ms "$name"
	as_nobody "$(command -v fdferry)" send --wait 5s "$name" /dev/null
	finish
	[ "$status" -eq 3 ]
	[[ "$error" == *'does not allow uid 65534'* ]]
}

@test "--expect takes what is expected" {
	for pair in file=notes.txt file,ro=notes.txt rw,wo=file:notes.txt,rw memfd,sealed=memfd:notes.txt \
		file,memfd,min=13,max=13=notes.txt dir=. char,no-path=/dev/null; do
		start fdferry recv --expect "${pair%=*}" sock
		fdferry send --wait 5s sock "${pair##*=}"
		finish
		[ "$status" -eq 0 ] || { echo "$pair: $error"; return 1; }
	done
}

@test "--expect refuses what is not, names the rule and the descriptor, and runs no CMD" {
	for triple in 'dir|notes.txt|another kind' 'rw|notes.txt|access mode' 'memfd,sealed|notes.txt|another kind' \
		'sealed|notes.txt|seal' 'min=14|notes.txt|smaller' 'max=12|notes.txt|larger' \
		'socket|/dev/null|another kind' 'listening|/dev/null|not a socket'; do
		IFS='|' read -r words what rule <<<"$triple"
		start fdferry recv --expect "$words" sock -- echo ran
		fdferry send --wait 5s sock "$what"
		finish
		[ "$status" -eq 1 ]
		[ "$output" = '' ]
		one_line 'descriptor 0' "$rule"
	done
	start fdferry recv --expect file sock
	fdferry send --wait 5s sock notes.txt .
	finish
	one_line 'descriptor 1' 'another kind'
}

@test "wrong words are usage" {
	fails 2 fdferry recv --from root sock
	one_line 'uid=N, user=NAME'
	fails 2 fdferry recv --from uid=-1 sock
	fails 2 fdferry recv --from uid=4294967295 sock
	fails 2 fdferry recv --from user=no-such-user sock
	one_line "no user 'no-such-user'"
	fails 2 fdferry recv --expect fil sock
	one_line "'fil' is nothing to expect"
	fails 2 fdferry recv --expect min=x sock
}

@test "at the limit of descriptors CMD's failure is said, and the socket file is gone" {
	for limit in 5 8 9 10 11 12 13 14 15 20; do
		start sh -c "ulimit -n $limit; exec fdferry recv --timeout 5s sock -- true"
		fdferry send --wait 500ms sock notes.txt notes.txt notes.txt 2>/dev/null || true
		finish
		[ ! -e sock ]
		[ "$status" -eq 0 ] || one_line ''
	done
}
