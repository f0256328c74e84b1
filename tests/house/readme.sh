#!/bin/sh
# SPDX-License-Identifier: MIT
# readme.sh - the README runs, and links of all pages lead somewhere.
. tests/lib.sh
. tests/page.sh

page README.md

linked() ( # links to files of the tree lead somewhere
	for target in $(grep -ohE '\]\([^)#]+' README.md docs/*.md CHANGELOG.md | sed 's/^](//' | grep -v '^http'); do
		[ -e "$target" ] || [ -e "docs/$target" ] || { echo "$target"; found=1; }
	done
	[ -z "${found-}" ]
)
check 'links lead somewhere' linked

finish
