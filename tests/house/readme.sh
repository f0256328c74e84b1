#!/bin/sh
# SPDX-License-Identifier: MIT
# readme.sh - the README runs, and links of all pages lead somewhere.
. tests/lib.sh
. tests/page.sh

page README.md

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

headings() { # PAGE: as links name them
	sed -n '/^```/,/^```/d; s/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | sed 's/[^a-z0-9_-]//g'
}

to_headings() ( # links to a heading, of the same page or another
	for page in README.md docs/*.md CHANGELOG.md; do
		for link in $(grep -oE '\]\([^):]*#[^)]+' "$page" | sed 's/^](//'); do
			target=${link%%#*}
			[ -n "$target" ] && target=$(dirname "$page")/$target || target=$page
			headings "$target" | grep -qxF -e "${link#*#}" || { echo "$page: $link"; found=1; }
		done
	done
	[ -z "${found-}" ]
)
check 'links to headings find one' to_headings

finish
