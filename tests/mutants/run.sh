#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - mutation tests: each *.mutant breaks a copy of the sources in one place, and a test must
# fail then.  TAP, "not ok" is a survivor, and the counts; "make mutants" runs all, MUTANTS=... some.
#
#   What is broken, in one line.
#   killed-by: the tests that are run first, without the build directory
#   file: the source
#   find:TEXT         may go on over lines; must be there exactly once, so that a changed source is
#   replace:TEXT      noticed
#
# Not among them, since nothing differs that a test could see:
# - wait_for_room that always asks poll(2): it sends all the same and only takes a whole processor, and
#   how much of one is a time, which no test asserts
# - fy_wait without its "lies": where poll(2) lies about a receiver, send.c waits blindly anyway; what
#   is left are kernels that call an out-of-band byte readable
# - child.c moving descriptors to any number from 3 on: the copies are in ascending order then
#
# Only a mutant that these tests let live meets all fast tests; a test that hangs has failed.
. tests/lib.sh
: "${CC:=cc}" "${LIMIT:=60}" "${LIMIT_ALL:=600}"
here=tests/mutants
base=$dir/base
copy=$dir/copy
log=$dir/log
unset MAKEFLAGS MFLAGS BUILD

[ $# -gt 0 ] || set -- "$here"/*.mutant
bail() {
	echo "Bail out! $1"
	sed 's/^/# /' "$log"
	exit 1
}

# -O1 as it is quick; a mutant may leave something unused.
build() { # DIRECTORY TARGET...
	where=$1
	shift
	$MAKE -s -j2 -C "$where" CC="$CC" CFLAGS='-O1 -g -w' "$@" >"$log" 2>&1
}

field() { # NAME MUTANT
	sed -n "s/^$1: *//p" "$2"
}

# Puts the one for the other; 1 if the text is not there exactly once.
change() { # MUTANT <SOURCE
	awk -v mutant="$1" '
		BEGIN {
			while ((getline line <mutant) > 0) {
				if (line ~ /^find:/) { at = "find"; find = substr(line, 6) }
				else if (line ~ /^replace:/) { at = "replace"; new = substr(line, 9) }
				else if (at == "find") find = find "\n" line
				else if (at == "replace") new = new "\n" line
			}
		}
		{ text = text $0 "\n" }
		END {
			i = index(text, find)
			if (find == "" || i == 0 || index(substr(text, i + 1), find) > 0) exit 1
			printf "%s%s%s", substr(text, 1, i - 1), new, substr(text, i + length(find))
		}'
}

# What make must build for a test, and how the test is called then.
target() {
	case $1 in
	*.bats) echo all examples ;;
	*) echo "build/$1" ;;
	esac
}
called() {
	case $1 in
	*.bats) echo "$1" ;;
	*) echo "build/$1" ;;
	esac
}

fails() { # DIRECTORY TEST
	(cd "$1" && BUILD=build timeout -k 5 "$LIMIT" sh tests/tap.sh "$(called "$2")") >"$log" 2>&1 || return 0
	grep -q '^not ok' "$log"
}

# Is there one among all fast tests that fails?
any_fails() { # DIRECTORY
	! timeout -k 5 "$LIMIT_ALL" "$MAKE" -s -C "$1" CC="$CC" CFLAGS='-O1 -g -w' test >"$log" 2>&1
}

# Returns whether a test notices the mutant; killer is the test that notices it, or why it cannot be told.
kill_mutant() { # MUTANT
	source=$(field file "$1")
	rm -rf "$copy"
	cp -a "$base" "$copy"
	killer="its text is not exactly once in $source"
	change "$1" <"$base/$source" >"$dir/changed" || return 1
	cat "$dir/changed" >"$copy/$source"
	# Three times: one that breaks what happens only sometimes may go unnoticed once.
	for test in $(field killed-by "$1") $(field killed-by "$1") $(field killed-by "$1"); do
		killer='it does not build'
		# shellcheck disable=SC2046 # several targets
		build "$copy" $(target "$test") || return 1
		killer=$test
		fails "$copy" "$test" && return 0
	done
	killer='all fast tests pass'
	any_fails "$copy" || return 1
	killer="others than expected: $(sed -n 's/^not ok [0-9]* - //p' "$log" | head -n 3 | paste -sd ';' -)"
}

if [ -n "${FIT-}" ]; then # only: does each still fit its source?
	for mutant; do
		change "$mutant" <"$(field file "$mutant")" >"$dir/changed" || { echo "$mutant"; bad=1; }
	done
	exit $bad
fi

mkdir "$base"
files '*' | tar -cf - -T - | tar -xf - -C "$base" || bail 'the sources cannot be copied'
build "$base" all test-programs examples || bail 'it does not build'

# A test that fails without a mutant would kill every one.
for test in $(for mutant; do field killed-by "$mutant"; done | tr ' ' '\n' | sort -u); do
	if fails "$base" "$test"; then
		bail "$test fails without any mutant"
	fi
done

echo "1..$#"
for mutant; do
	n=$((n + 1))
	name=$(basename "$mutant" .mutant)
	if kill_mutant "$mutant"; then
		echo "ok $n - $name: $(head -n 1 "$mutant") # $killer"
	else
		echo "not ok $n - $name: $(head -n 1 "$mutant") # $killer"
		bad=$((bad + 1))
	fi
done
echo "$((n - bad)) passed, $bad failed"
[ $bad -eq 0 ]
