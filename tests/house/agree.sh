#!/bin/sh
# SPDX-License-Identifier: MIT
# agree.sh - places that must say the same: header, symbols, map, man pages, usage, version; and what
# has been forgotten of what belongs to a function, a subcommand or a fuzz target.
. tests/lib.sh

header=$dir/header
sed -n '/^FERRY_API/,/;/p' include/*.h include/*/*.h | grep -oE '\bferry_[a-z_0-9]+\(' | tr -d '(' | sort -u >"$header"

exported() {
	nm -D --defined-only "$build/libfdferry.so" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' |
		sort -u | diff "$header" -
}
check 'the shared library exports what the header declares' exported

mapped() {
	sed -n 's/^[[:space:]]*\(ferry_[a-z_0-9]*\);.*/\1/p' lib/fdferry.map | sort -u | diff "$header" -
}
check 'the symbol map lists what the header declares' mapped

private() { # a static library has one name space with the program that links it
	nm -g --defined-only "$build/libfdferry.a" | awk 'NF == 3 { print $3 }' |
		grep -vE '^(ferry|fy)_' && return 1
	return 0
}
check 'the static library has no name without its prefix' private

manned() {
	sed -n 's/^\.Nm \(ferry_[a-z_0-9]*\).*/\1/p' man/*.3 | sort -u | diff "$header" - || { echo NAME; return 1; }
	sed -n 's/^\.Fn \(ferry_[a-z_0-9]*\) ".*/\1/p' man/*.3 | sort -u | diff "$header" - || { echo SYNOPSIS; return 1; }
}
check 'the man pages name what the header declares' manned

overview() (
	while read -r function; do
		grep -q "^\.Fn $function\b" man/fdferry.7 || { echo "$function"; found=1; }
	done <"$header"
	[ -z "${found-}" ]
)
check 'fdferry.7 lists every function' overview

tested() (
	while read -r function; do
		grep -q "\b$function(" tests/api/*.c || { echo "tests/api: $function"; found=1; }
	done <"$header"
	for command in $("$build/fdferry" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
		grep -q "fdferry $command\b" tests/cli/*.bats || { echo "tests/cli: fdferry $command"; found=1; }
	done
	[ -z "${found-}" ]
)
check 'every function and subcommand is called by a test' tested

if have mandoc; then
	check 'mandoc -Tlint has nothing to say' mandoc -Tlint -W warning man/*.[1-8]
else
	skip 'mandoc -Tlint has nothing to say' 'mandoc is not installed'
fi

listed() ( # a file of its own is no subcommand yet
	for command in $(sed -n 's/^const struct command cmd_\([a-z]*\) =.*/\1/p' cmd/*.c); do
		"$build/fdferry" --help | grep -q "^  $command " || { echo "$command"; found=1; }
	done
	[ -z "${found-}" ]
)
check "main.c's table has every subcommand" listed

options() { # the options of each subcommand, from --help, are in its section of the page, and no others
	for command in $("$build/fdferry" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
		"$build/fdferry" "$command" --help | grep -oE '^ +(-[a-z], )?--[a-z]+' |
			grep -oE '[a-z]+$' | grep -v '^help$' | sort >"$dir/usage"
		sed -n "/^\.Ss fdferry $command/,/^\.S[sh] /p" man/fdferry.1 |
			sed -n 's/^\.It .*Fl -\([a-z]*\).*/\1/p' | sort >"$dir/page"
		sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' man/fdferry.1 | grep -qx "\.Cm $command" ||
			{ echo "fdferry.1: SYNOPSIS has no '$command'"; return 1; }
		grep -q "^\.Ss fdferry $command\$" man/fdferry.1 ||
			{ echo "fdferry.1 has no section 'fdferry $command'"; return 1; }
		diff "$dir/usage" "$dir/page" || { echo "fdferry $command: usage <, page >"; return 1; }
	done
}
check "fdferry.1 has the options of each subcommand's table" options

version=$(sed -n 's/^.define FERRY_VERSION "\(.*\)"/\1/p' include/fdferry.h)
same_version() {
	[ "$("$build/fdferry" --version)" = "fdferry $version" ] || { echo '--version'; return 1; }
	grep -q "^Version: $version\$" "$build/fdferry.pc" || { echo 'fdferry.pc'; return 1; }
	[ "$(sed -n 's/^## \([0-9][^ ]*\).*/\1/p' CHANGELOG.md | head -n 1)" = "$version" ] ||
		{ echo 'CHANGELOG.md'; return 1; }
	sed -n 's/^FDFERRY_\([0-9.]*\) .*/\1/p' lib/fdferry.map | tail -n 1 |
		grep -qx "${version%.*}" || { echo 'lib/fdferry.map'; return 1; }
}
check 'header, command, pkg-config, changelog and map have one version' same_version

mapped_files() ( # docs/design.md and cmd/main.c are the maps
	for file in $(files 'include/*.h' 'wire/*.c' 'lib/*.c' 'store/*.[ch]' 'cmd/*.c' 'bench/*.c' | grep -v '/peer_'); do
		grep -q "\b$(basename "$file")\b" docs/design.md || { echo "docs/design.md: $file"; found=1; }
	done
	for file in $(files 'cmd/*.c'); do
		grep -q "\b$(basename "$file")\b" cmd/main.c || [ "$file" = cmd/main.c ] ||
			{ echo "cmd/main.c: $file"; found=1; }
	done
	[ -z "${found-}" ]
)
check 'the maps name every file of the library, the store, the command and the benchmark' mapped_files

check 'the text that each mutant changes is there, once' env FIT=1 sh tests/mutants/run.sh

fuzzed() {
	sed -n 's/^FUZZ ?= //p' fuzz/fuzz.mk | tr ' ' '\n' | sort >"$dir/targets"
	for target in fuzz/*/target.c; do
		basename "$(dirname "$target")"
	done | sort | diff "$dir/targets" -
}
check 'make fuzz runs every target' fuzzed

recipes() ( # docs/interop.md shows what the tests run, and has a row for each of them
	awk '/^```./ { on = 1; next } /^```/ { on = 0 } on' docs/interop.md >"$dir/recipes"
	[ -s "$dir/recipes" ] || { echo 'docs/interop.md has no recipe'; exit 1; }
	while IFS= read -r line; do
		grep -qF -- "$line" tests/interop/*.* || { echo "no test runs: $line"; found=1; }
	done <"$dir/recipes"
	for test in tests/interop/*.bats; do
		grep -q "(../$test)" docs/interop.md || { echo "docs/interop.md: $test"; found=1; }
	done
	[ -z "${found-}" ]
)
check 'the recipes of docs/interop.md are lines of its tests' recipes

finish
