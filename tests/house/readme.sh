#!/bin/sh
# SPDX-License-Identifier: MIT
# readme.sh - the README runs: what stands behind "$ " is run, and the lines below it are what it prints.
#
# A "console" block is one shell, in an empty directory, with fdferry on PATH.  A line that ends in "&"
# runs beside the others; its output is where the page shows it.  "c" blocks are the example they name.
. tests/lib.sh

PATH=$build:$build/examples:$PATH
export PATH

# run_page PAGE: for each console block a script, and the output that the page promises.
blocks() {
	awk -v dir="$dir" '
		/^```console/ { n++; on = 1; next }
		/^```/ { on = 0 }
		on && /^\$ / { print substr($0, 3) >(dir "/block" n ".sh"); next }
		on { print >(dir "/block" n ".expected") }
		END { print n + 0 }' "$1"
}

run_block() {
	mkdir "$dir/run$1"
	: >>"$dir/block$1.expected"
	(
		cd "$dir/run$1" || exit 1
		# What ran beside has ended when the block has: its output is complete.
		{ cat "$dir/block$1.sh"; echo wait; } | timeout 60 sh 2>&1
	) | sed "s|$dir/run$1/||g" >"$dir/block$1.got"
	sort "$dir/block$1.expected" >"$dir/expected"
	sort "$dir/block$1.got" | diff "$dir/expected" -
}

count=$(blocks README.md)
i=1
while [ "$i" -le "$count" ]; do
	check "README.md, console block $i: $(head -n 1 "$dir/block$i.sh")" run_block "$i"
	i=$((i + 1))
done

shown() { # the C program in the README is the example, from its #include on
	awk '/^```c$/ { on = 1; next } /^```/ { on = 0 } on' README.md >"$dir/shown.c"
	sed -n '/^#include/,$p' examples/ferry_a.c | diff "$dir/shown.c" -
}
check 'the program in the README is examples/ferry_a.c' shown

linked() ( # links to files of the tree lead somewhere
	for target in $(grep -ohE '\]\([^)#]+' *.md docs/*.md | sed 's/^](//' | grep -v '^http'); do
		[ -e "$target" ] || [ -e "docs/$target" ] || { echo "$target"; found=1; }
	done
	[ -z "${found-}" ]
)
check 'links lead somewhere' linked

named() ( # `lib/judge.c`, but not `fuzz/NAME/target.c`
	for file in $(grep -ohE '`(cmd|completion|docs|fuzz|include|lib|man|tests)/[a-z0-9_./-]+`' \
		CONTRIBUTING.md SECURITY.md | tr -d '`'); do
		[ -e "$file" ] || { echo "$file"; found=1; }
	done
	[ -z "${found-}" ]
)
check 'CONTRIBUTING.md and SECURITY.md name files that are there' named

finish
