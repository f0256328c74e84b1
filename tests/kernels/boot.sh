#!/bin/sh
# SPDX-License-Identifier: MIT
# boot.sh - runs static test programs on another kernel, in a machine that qemu makes up; prints TAP.
#
# usage: boot.sh amd64|s390x KERNEL SECONDS PROGRAM...
#
# KERNEL is a directory in which a Debian kernel package was unpacked (see fetch.sh).  The machine has
# one processor, no disk and no network, and lives in memory.  Always emulated (tcg): where this runs,
# in a virtual machine as a rule, another virtual machine within may hang.
set -u

: "${BUILD:=build}"
arch=$1
kernel=$2
seconds=$3
shift 3
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

give_up() {
	echo "1..0 # SKIP $1"
	exit 0
}
# Two terminals: one where the kernel talks, one for what the tests say.
case $arch in
amd64)
	qemu='qemu-system-x86_64 -device isa-serial,chardev=console -device isa-serial,chardev=said'
	report=ttyS1
	;;
s390x)
	qemu='qemu-system-s390x -device sclplmconsole,chardev=console -device sclpconsole,chardev=said'
	report=ttysclp0
	;;
esac
for tool in "${qemu%% *}" cpio gzip; do
	command -v "$tool" >/dev/null 2>&1 || give_up "$tool is not installed"
done
vmlinuz=$(find "$kernel" -name 'vmlinuz*' -type f | head -n 1)
[ -n "$vmlinuz" ] || give_up "no vmlinuz in $kernel"

## The initramfs: init, the programs, and the one module that they ask for

root=$dir/root
mkdir -p "$root/modules" "$root/tests" "$root/dev"
cp "$BUILD/tests/kernels/init" "$root/init"
module=$(find "$kernel" -name 'unix_diag.ko*' | head -n 1)
case $module in
*.xz) xz -dc "$module" >"$root/modules/unix_diag.ko" || give_up "xz: no unix_diag" ;;
*.ko) cp "$module" "$root/modules/" ;;
esac
for program in "$@"; do
	cp "$program" "$root/tests/$(basename "$(dirname "$program")")-$(basename "$program")"
done
strip "$root/init" "$root"/tests/* 2>/dev/null
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$dir/initramfs" || exit 1

## The machine

# shellcheck disable=SC2086 # a command and its first words
timeout "$seconds" $qemu -accel tcg -cpu max -m 1024 -nodefaults -display none -no-reboot \
	-chardev "file,id=console,path=$dir/console" -chardev "file,id=said,path=$dir/said" \
	-kernel "$vmlinuz" -initrd "$dir/initramfs" \
	-append "console=ttyS0 loglevel=4 panic=-1 REPORT=/dev/$report" </dev/null >"$dir/qemu" 2>&1
status=$?

## One TAP stream of all: "ok 7 - kernel-first_byte: name"

awk -v status=$status '
	/^# kernel / { print; next }
	/^# the end/ { end = 1; next }
	/^# ended / {
		program = $4
		sub(".*/", "", program)
		for (i = 1; i <= seen; i++) {
			sub(/ [0-9]+ - /, " " ++n " - " program ": ", said[i])
			print said[i]
		}
		if (planned != seen || ($3 != 0 && !bad))
			printf "not ok %d - %s: %d of %d tests, wait status %d\n", ++n, program, seen, planned, $3
		seen = planned = bad = 0
		next
	}
	/^1\.\.[0-9]/ { planned = substr($1, 4) + 0; next }
	/^(not )?ok [0-9]/ { said[++seen] = $0; bad += $1 == "not"; next }
	/^#/ && seen { said[seen] = said[seen] "\n" $0; next }
	/^#/
	END {
		if (!end)
			print "not ok " ++n " - the machine came to its end (" status " from qemu)"
		print "1.." n
	}' "$dir/said"
