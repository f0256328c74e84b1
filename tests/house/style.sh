#!/bin/sh
# SPDX-License-Identifier: MIT
# style.sh - format, shell scripts, the size of files, nothing that belongs to one machine.
. tests/lib.sh

if have clang-format; then
	# shellcheck disable=SC2046 # names without spaces
	check 'clang-format decides the layout' clang-format --dry-run -Werror $(files '*.c' '*.h')
else
	skip 'clang-format decides the layout' 'clang-format is not installed'
fi

if have shellcheck; then
	# shellcheck disable=SC2046
	check 'shellcheck has nothing to say' shellcheck -S warning -x .ci/run $(files '*.sh')
	# SC2034, SC2154: bats and the helper set and read each other's variables
	# shellcheck disable=SC2046
	check 'nor about the tests of the command' \
		shellcheck -S warning -x -s bash -e SC2034,SC2154,SC2064 $(files '*.bats' '*.bash')
else
	skip 'shellcheck has nothing to say' 'shellcheck is not installed'
	skip 'nor about the tests of the command' 'shellcheck is not installed'
fi

small() (
	for file in $(files '*.c' '*.h' '*.sh' '*.bats'); do
		lines=$(wc -l <"$file")
		[ "$lines" -le 400 ] || { echo "$file: $lines lines, 400 at the most"; found=1; }
	done
	[ -z "${found-}" ]
)
check 'no file has more than 400 lines' small

licensed() (
	for file in $(files '*.c' '*.h' '*.sh' '*.bats'); do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT\|shellcheck shell' ||
			{ echo "$file"; found=1; }
	done
	[ -z "${found-}" ]
)
check 'every source file names its licence' licensed

open_ends() {
	# shellcheck disable=SC2046
	! grep -nE 'TO''DO|FIX''ME' $(files '*.c' '*.h' '*.sh' 'Makefile' '*.mk')
}
check 'nothing is left open in the code' open_ends

finish
