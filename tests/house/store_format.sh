#!/bin/sh
# SPDX-License-Identifier: MIT
# store_format.sh - fdferry-store(5) shows the test vectors that tests/store/vectors.bats speaks, and all of them.
. tests/lib.sh
page=man/fdferry-store.5
vectors=tests/store/vectors

shown() { # FILE: the display behind the comment that names it, as a reader sees it
	awk -v file="$1" '$1 == ".\\\"" && $2 == file { here = 1; next } here && /^\.Bd/ { on = 1; next }
		/^\.Ed/ { here = on = 0 } on' "$page" | sed 's/\\e/\\/g'
}

same() { # FILE
	shown "$1" >"$dir/shown"
	[ -s "$dir/shown" ] || { echo "$page does not show $1"; return 1; }
	diff "$1" "$dir/shown"
}

for file in "$vectors"/*.txt; do
	check "the page shows $(basename "$file")" same "$file"
done

known() {
	sed -n 's|^\.\\" \(tests/.*\)|\1|p' "$page" | sort >"$dir/named"
	printf '%s\n' "$vectors"/*.txt | sort | diff - "$dir/named"
}
check 'it shows no others' known

spoken() (
	for file in "$vectors"/*.txt; do
		grep -q "vectors/$(basename "$file")" tests/store/vectors.bats || { echo "$file"; found=1; }
	done
	[ -z "${found-}" ]
)
check 'vectors.bats speaks each of them' spoken

finish
