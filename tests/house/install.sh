#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh - what make install puts down works, and make uninstall takes all of it away.
. tests/lib.sh

stage=$dir/stage
export PKG_CONFIG_PATH="$stage/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$stage"
run_make() {
	$MAKE -s BUILD="$dir/build" DESTDIR="$stage" PREFIX=/usr "$@"
}
check 'make install' run_make install

compiled() { # [--static]
	cc=${CC:-cc}
	# shellcheck disable=SC2046 # flags
	$cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -o "$dir/ferry_a" examples/ferry_a.c \
		$(pkg-config --cflags --libs "$@" fdferry) &&
		$cc -std=c11 -D_GNU_SOURCE -o "$dir/ferry_b" examples/ferry_b.c \
			$(pkg-config --cflags --libs "$@" fdferry) &&
		$cc -std=c11 -D_GNU_SOURCE -o "$dir/service" examples/service.c \
			$(pkg-config --cflags --libs "$@" fdferry)
}
crossing() {
	(
		cd "$dir" || exit 1
		export LD_LIBRARY_PATH="$stage/usr/lib"
		: >notes.txt
		./ferry_a &
		a=$!
		for _ in $(seq 500); do
			[ -S process_a ] && break
			sleep 0.01
		done
		./ferry_b notes.txt && wait $a && cat notes.txt
		[ "$(cat notes.txt)" = 'written by process A' ]
	)
}
if have pkg-config; then
	check 'a program builds against the installed shared library' compiled
	check 'and carries a descriptor' crossing
else
	skip 'a program builds against the installed shared library' 'pkg-config is not installed'
	skip 'and carries a descriptor' 'pkg-config is not installed'
fi

pages() {
	for page in ferry_bind ferry_unbind ferry_recv_fd ferry_close_all; do
		[ -s "$stage/usr/share/man/man3/$page.3" ] || { echo "$page"; return 1; }
	done
	[ -s "$stage/usr/share/man/man1/fdferry.1" ] && [ -s "$stage/usr/share/man/man7/fdferry.7" ]
}
check 'every function has its man page' pages
check 'the installed command runs' "$stage/usr/bin/fdferry" --version

completed() {
	PATH=$stage/usr/bin:$PATH bash --norc -c '
		. "$1/usr/share/bash-completion/completions/fdferry"
		COMP_WORDS=(fdferry ins) COMP_CWORD=1 COMP_LINE="fdferry ins" COMP_POINT=11
		_fdferry 2>/dev/null
		echo "offered: ${COMPREPLY[*]}"
		[ "${COMPREPLY[*]}" = inspect ]' bash "$stage"
}
if have bash; then
	check 'the installed completion for bash works' completed
else
	skip 'the installed completion for bash works' 'bash is not installed'
fi
check 'the completion for zsh is where zsh looks for it' \
	grep -qx '#compdef fdferry' "$stage/usr/share/zsh/site-functions/_fdferry"

check 'make uninstall' run_make uninstall
clean() {
	left=$(find "$stage" ! -type d)
	echo "$left"
	[ -z "$left" ]
}
check 'nothing is left' clean

finish
