# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# page.sh - a page of the documentation runs; sourced behind lib.sh.
#
# ```console        is one shell, in a directory that has examples/ and nothing else, with fdferry and
#                   the programs of the examples on PATH.  What stands behind "$ " is run, "> " goes
#                   on with the line above, and all other lines are what it prints.  A line that ends
#                   in "&" runs beside the others: then only the lines are compared, not their order.
#                   A program that prints "needs ..." cannot run on this machine: its block is skipped.
# ```console same   goes on in the directory of the block above.
# ```c FILE         (or python, sh) is a part of FILE, line by line; from its first #include or import on
#                   it is all of the rest, and the blocks find it in their directory.
PATH=$build:$build/examples:$build/examples/traps:$PATH
PKG_CONFIG_PATH=$dir
LD_LIBRARY_PATH=$build
LC_ALL=C
export PATH PKG_CONFIG_PATH LD_LIBRARY_PATH LC_ALL
sed -e "s|@LIBDIR@|$build|; s|@INCLUDEDIR@|$root/include|" fdferry.pc.in >"$dir/fdferry.pc"

# split PAGE: block N is in $dir/N (its lines) and $dir/N.about (console, c ... and its words).
split() {
	rm -rf "$dir/page"
	mkdir "$dir/page" "$dir/page/files"
	awk -v to="$dir/page" '
		/^```/ && on { on = 0; next }
		/^```/ { on = 1; n++; print substr($0, 4) >(to "/" n ".about"); printf "" >(to "/" n); next }
		on { print >(to "/" n) }
		END { print n + 0 }' "$1"
}

part_of() { # BLOCK FILE
	awk 'NR == FNR { block[++n] = $0; next } { file[++m] = $0 }
		END {
			whole = block[1] ~ /^(#include|import|from) /
			for (i = 1; i <= m; i++) {
				for (j = 1; j <= n && file[i + j - 1] == block[j]; j++)
					;
				if (j > n && n > 0 && (!whole || i + n - 1 == m))
					exit 0
			}
			print "the page does not show what the file has"
			exit 1
		}' "$1" "$2"
}

program() { # N LANGUAGE FILE
	[ -n "$3" ] && [ -f "$3" ] || { echo "\`\`\`$2 names no file of the tree"; return 1; }
	part_of "$dir/page/$1" "$3"
}

# A reader saves what the page shows whole: the blocks have it, as it is shown.
shown_whole() { # N FILE
	head -n 1 "$dir/page/$1" | grep -qE '^(#include|import|from) ' || return 0
	cp "$dir/page/$1" "$dir/page/files/$(basename "$2")"
}

run_console() { # N DIRECTORY
	awk '/^\$ / { print substr($0, 3); more = 1; next } /^> / && more { print substr($0, 3); next }
		{ more = 0 }' "$dir/page/$1" >"$dir/page/$1.sh"
	awk '/^\$ / { more = 1; next } /^> / && more { next } { more = 0; print }' \
		"$dir/page/$1" >"$dir/page/$1.expected"
	(
		cd "$2" || exit 1
		# What ran beside has ended when the block has: its output is complete.
		{ cat "$dir/page/$1.sh"; echo wait; } | timeout 60 sh 2>&1
	) | sed "s|$2/||g" >"$dir/page/$1.got"
	if grep -q '&$' "$dir/page/$1.sh"; then
		sort -o "$dir/page/$1.expected" "$dir/page/$1.expected"
		sort -o "$dir/page/$1.got" "$dir/page/$1.got"
	fi
}

same_output() { # N
	diff "$dir/page/$1.expected" "$dir/page/$1.got"
}

missing() { # N: a tool that the block needs and that is not here
	for tool in cc pkg-config python3; do
		have "$tool" || ! grep -qE "^[$>] (.* )?$tool( |\$)" "$dir/page/$1" || echo "$tool"
	done
}

page() { # PAGE: a check for each of its blocks
	blocks=$(split "$1")
	block=1
	while [ "$block" -le "$blocks" ]; do
		read -r language word _ <"$dir/page/$block.about" || :
		case $language in
		console)
			[ "$word" = same ] || { mkdir "$dir/page/run$block"; here=$dir/page/run$block; }
			cp -R "$dir/page/files/." "$here"
			[ -e "$here/examples" ] || ln -s "$root/examples" "$here/examples"
			what="$1, console block $block: $(head -n 1 "$dir/page/$block")"
			if [ -n "$(missing "$block")" ]; then
				skip "$what" "no $(missing "$block") here"
			elif run_console "$block" "$here" && grep -q '^needs ' "$dir/page/$block.got"; then
				skip "$what" "$(grep '^needs ' "$dir/page/$block.got")"
			else
				check "$what" same_output "$block"
			fi
			;;
		c | python | sh)
			check "$1, block $block is in $word" program "$block" "$language" "$word"
			[ -z "$word" ] || shown_whole "$block" "$word"
			;;
		esac
		block=$((block + 1))
	done
	[ "$blocks" -gt 0 ]
}
