#!/bin/sh
# SPDX-License-Identifier: MIT
# sabotage.sh - a test that cannot fail is worth nothing: each row breaks a copy of the library in one
# place, and the test that is named must fail.  TAP; "make sabotage" runs it.
. tests/lib.sh
: "${CC:=cc}"

copy=$dir/copy
mkdir "$copy"
cp -R Makefile fdferry.pc.in include lib cmd examples tests fuzz man "$copy"
cd "$copy" || exit 1
$MAKE -s CC="$CC" test-programs all >"$dir/log" 2>&1 || { echo 'Bail out! it does not build'; exit 1; }

# broken NAME FILE SED TEST [ARGUMENT...]
broken() {
	name=$1 file=$2 change=$3 program=$4
	shift 4
	cp "$file" "$dir/whole"
	sed "$change" "$dir/whole" >"$file"
	check "$program notices: $name" noticed "$@"
	cat "$dir/whole" >"$file"
}
noticed() {
	if cmp -s "$file" "$dir/whole"; then
		echo "the change does not fit $file any more"
		return 1
	fi
	if ! $MAKE -s CC="$CC" CFLAGS='-O1 -g -w' "$program" >"$dir/log" 2>&1; then
		cat "$dir/log"
		return 1
	fi
	! timeout 120 "$program" "$@" >"$dir/log" 2>&1
}
faults=build/tests/faults

# They notice nothing in the library as it is.
for program in $faults/bind $faults/sockets $faults/look $faults/wrong_descriptor \
	build/fuzz/control/target build/fuzz/socket/target build/fuzz/address/target \
	build/fuzz/options/target build/fuzz/endpoint/target; do
	check "$program passes" timeout 120 "$program"
done
check "$faults/messages passes" timeout 120 $faults/messages send send_a_stream_in_parts \
	receive_what_is_refused receive_where_standard_input_is_closed

broken 'bind leaks the lock' lib/bind.c 's/^\t\tclose(lock);/\t\t;/' $faults/bind
broken 'a failed bind leaks its socket' lib/bind.c '/^	err = bind_and_listen/,/^}/s/close(sock);/;/' \
	$faults/bind
broken 'a failed listen leaves the file' lib/bind.c 's/^\t\t\tunlinkat(at.dir, at.last, 0);/\t\t\t;/' \
	$faults/bind
broken 'a failed connect leaks its socket' lib/connect.c '/^static int connect_as/,/^}/s/close(sock);/;/' \
	$faults/sockets
broken 'a failed accept leaks the connection' lib/connect.c 's/^\t\t\tclose(fd);/\t\t\t;/' \
	$faults/sockets
broken 'a failed pair closes one of two' lib/connect.c 's/ferry_close_all(pair, 2)/ferry_close_all(pair, 1)/' \
	$faults/sockets
broken 'a failed walk leaks its directory' lib/path.c 's/^\tclose(w.dir);/\t;/' $faults/sockets
broken 'errno is not what is returned' lib/internal.h 's/errno = err > 0 ? err : -err;/errno = 1; return err > 0 ? -err : err;/' \
	$faults/bind
broken 'what follows the first part takes the descriptors again' lib/send.c \
	's/^\t\t\th->msg_control = NULL;/\t\t\t;/; s/^\t\t\th->msg_controllen = 0;/\t\t\t;/' \
	$faults/messages send_a_stream_in_parts
broken 'a failed send is called sent' lib/send.c '/^	if (err < 0) {/,/^	}/s/return fy_fail(err);/return 0;/' \
	$faults/messages send
broken 'what is refused is not closed' lib/recv.c 's/^\t\tferry_close_all(arrived.fds, arrived.n);/\t\t;/' \
	$faults/messages receive_what_is_refused
broken 'a number below 3 is handed out' lib/prepare.c 's/if (fd > STDERR_FILENO)/if (fd >= 0)/' \
	$faults/messages receive_where_standard_input_is_closed
broken 'close_all gives up without close_range' lib/room.c 's/(unsigned)last, 0u) == 0)/(unsigned)last, 0u) != 99)/' \
	$faults/look
broken 'reserve leaves its probe' lib/room.c 's/^\t\tclose(probe);/\t\t;/' $faults/look
broken 'a failed stat has changed what it was to fill' lib/stat.c 's/^\tif (flags < 0)/\tret->mode = 0; if (flags < 0)/' \
	$faults/look
broken 'too many are delivered in part' lib/recv.c 's/arrived->n > msg->max_fds/arrived->n > 500/; s/arrived.n \* sizeof(int)/(arrived.n < msg->max_fds ? arrived.n : msg->max_fds) * sizeof(int)/' \
	$faults/wrong_descriptor
broken 'two descriptors change places' lib/control.c 's/arrived->fds\[arrived->n++\] = fd;/arrived->fds[arrived->n ^ (bytes == 12 \&\& i < 2)] = fd, arrived->n++;/' \
	$faults/wrong_descriptor
broken 'a lost descriptor is no error' lib/recv.c 's/bool lost = .*/bool lost = false;/' \
	$faults/wrong_descriptor
broken 'the pidfd is not closed' lib/control.c 's/^\tferry_close_all(&fd, 1);/\t;/' $faults/wrong_descriptor
broken 'room is not looked for' lib/room.c 's/if (open > 0 && open + n <= limit())/if (n < 500)/' \
	$faults/wrong_descriptor
broken 'control data is not bounded' lib/control.c 's/ || c->cmsg_len > len - at//' \
	build/fuzz/control/target
broken 'a negative slot is taken' lib/control.c 's/^\t\tif (fd < 0)/\t\tif (fd < -9)/' build/fuzz/control/target
broken 'a foreign level is taken' lib/control.c 's/c->cmsg_level == SOL_SOCKET \&\& c->cmsg_type == SCM_RIGHTS/c->cmsg_type == SCM_RIGHTS/; s/arrived->n++\] = fd/arrived->n++] = fd + 1/' \
	build/fuzz/socket/target
broken 'a name with a NUL is cut' lib/address.c 's/n > 1 && memchr.*== NULL)/n > 1)/' build/fuzz/address/target
broken 'minutes overflow' cmd/options.c "s/ && n <= INT_MAX \/ units\[i\].ms//" build/fuzz/options/target
broken 'an escaped comma ends the path' cmd/endpoint.c "s/from\[1\] == ',' || //" build/fuzz/endpoint/target
cd "$root" || exit 1
finish
