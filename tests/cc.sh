#!/bin/sh
# SPDX-License-Identifier: MIT
# cc.sh - the compiler for another word size or libc: make CC='sh tests/cc.sh m32' BUILD=build/m32
#
#   m32     gcc -m32 (Debian's gcc-multilib)
#   musl    musl-gcc (musl-tools); with LDFLAGS=-static what it makes runs everywhere
#   s390x   gcc for s390x: the installed one, or what tests/kernels/cross.sh has unpacked
#
# cc.sh NAME --works is true if a program that it makes runs here.
set -u

# Where gcc has the kernel's headers: last in line, behind those of the libc.
kernel_headers() {
	linux=$(echo '#include <linux/stat.h>' | gcc -E -M -xc - | grep -o '[^ ]*/linux/stat\.h')
	asm=$(echo '#include <asm/types.h>' | gcc -E -M -xc - | grep -o '[^ ]*/asm/types\.h')
	linux=${linux%/linux/stat.h}
	asm=${asm%/asm/types.h}
}

name=$1
shift
if [ "${1-}" = --works ]; then
	dir=$(mktemp -d) || exit 1
	trap 'rm -rf "$dir"' EXIT
	{
		echo '#include <linux/sock_diag.h>'
		echo '#include <stdio.h>'
		echo 'int main(void) { return puts("") < 0; }'
	} >"$dir/a.c"
	sh "$0" "$name" -o "$dir/a" "$dir/a.c" >/dev/null 2>&1 && "$dir/a" >/dev/null
	exit
fi
case $name in
m32)
	kernel_headers
	exec gcc -m32 -idirafter "$asm" "$@"
	;;
musl)
	kernel_headers
	# Nothing else of the directory: headers that musl has not must stay missing.
	headers=build/linux-headers
	if ! [ -e $headers/asm ]; then
		mkdir -p $headers
		ln -sfn "$linux/linux" $headers/linux
		ln -sfn "$linux/asm-generic" $headers/asm-generic
		ln -sfn "$asm/asm" $headers/asm
	fi
	exec musl-gcc -idirafter $headers "$@"
	;;
s390x)
	command -v s390x-linux-gnu-gcc >/dev/null 2>&1 && exec s390x-linux-gnu-gcc "$@"
	cross=build/cross
	# The libraries of its assembler and linker.
	LD_LIBRARY_PATH=$cross/usr/lib/$(gcc -print-multiarch)
	export LD_LIBRARY_PATH
	exec $cross/usr/bin/s390x-linux-gnu-gcc --sysroot=$cross "$@"
	;;
*)
	echo "cc.sh: no compiler '$name'" >&2
	exit 2
	;;
esac
