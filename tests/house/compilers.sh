#!/bin/sh
# SPDX-License-Identifier: MIT
# compilers.sh - the headers alone, as C11 and C++17, with every warning, from each compiler.
. tests/lib.sh

printf '#include <fdferry/%s.h>\n' service store >"$dir/alone.c" # which include the other
cp "$dir/alone.c" "$dir/alone.cpp"
for cc in gcc clang; do
	if have "$cc"; then
		check "the headers are C11 for $cc" $cc -std=c11 -Wall -Wextra -Wpedantic -Wconversion \
			-Wshadow -Werror -Iinclude -fsyntax-only "$dir/alone.c"
	else
		skip "the headers are C11 for $cc" "$cc is not installed"
	fi
done
for cxx in g++ clang++; do
	if have "$cxx"; then
		check "the headers are C++17 for $cxx" $cxx -std=c++17 -Wall -Wextra -Wpedantic -Wconversion \
			-Wshadow -Werror -Iinclude -fsyntax-only "$dir/alone.cpp"
	else
		skip "the headers are C++17 for $cxx" "$cxx is not installed"
	fi
done

needs() {
	readelf -d "$build/libfdferry.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
		grep -vE '^(libc\.so|ld-)' && return 1
	return 0
}
check 'the library needs nothing but libc' needs

finish
