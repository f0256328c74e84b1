#!/bin/sh
# SPDX-License-Identifier: MIT
# analyse.sh - clang-tidy, gcc -fanalyzer and cppcheck find nothing in the library and the command.
#
# What they find wrongly is suppressed where it stands, with the reason; see also .clang-tidy.
. tests/lib.sh

flags='-D_GNU_SOURCE -Iinclude -Ilib'
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

# each COMMAND: runs it for every file, "$1", as many at a time as there are processors.
each() {
	files 'wire/*.c' 'lib/*.c' 'store/*.c' 'cmd/*.c' | xargs -P "$cores" -I FILE sh -c "$1" analyse FILE
}

# One process per file: with several, clang-tidy 14 takes every va_list for uninitialized.
tidy() {
	each "clang-tidy --quiet \"\$1\" -- -std=c11 $flags 2>/dev/null"
}
if have clang-tidy; then
	check 'clang-tidy finds nothing' tidy
else
	skip 'clang-tidy finds nothing' 'clang-tidy is not installed'
fi

# -O1: more is inlined later, and the analyzer gives up earlier.
analyzer() {
	each "gcc -std=c11 $flags -O1 -Wall -Wextra -Werror -fanalyzer -c -o /dev/null \"\$1\""
}
if have gcc && echo 'int x;' | gcc -fanalyzer -xc -c -o /dev/null - 2>/dev/null; then
	check 'gcc -fanalyzer finds nothing' analyzer
else
	skip 'gcc -fanalyzer finds nothing' 'no gcc that has it'
fi

# unusedStructMember   the kernel's structures have members that nobody here needs
# variableScope        wants pollfd and the like inside the loop; we declare before it
checked() {
	# shellcheck disable=SC2086 # a list of words
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr -j "$cores" --library=posix,gnu --template=gcc \
		--enable=warning,style,performance,portability --inconclusive \
		--suppress=unusedStructMember --suppress=variableScope $flags wire lib store cmd
}
if have cppcheck; then
	check 'cppcheck finds nothing' checked
else
	skip 'cppcheck finds nothing' 'cppcheck is not installed'
fi

finish
