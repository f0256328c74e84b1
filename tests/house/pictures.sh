#!/bin/sh
# SPDX-License-Identifier: MIT
# pictures.sh - each picture of the documentation is what its source gives (make pictures).
. tests/lib.sh

drawn() { # SOURCE: by the checksums in the picture
	sed '$d' "${1%.dot}.svg" >"$dir/drawing"
	[ "$(tail -n 1 "${1%.dot}.svg")" = \
		"<!-- source $(cksum <"$1"), drawing $(cksum <"$dir/drawing") -->" ] ||
		{ echo "$1 has changed, or its picture by hand: make pictures"; return 1; }
}

words() { # what is written in a picture; where it stands depends on the fonts of the machine
	sed -n 's|.*<text[^>]*>\([^<]*\)</text>.*|\1|p' "$1" | sed "s/&#45;/-/g; s/&quot;/\"/g" | sort
}

same_words() { # SOURCE
	dot -Tsvg "$1" >"$dir/again" && words "$dir/again" >"$dir/words" && [ -s "$dir/words" ] &&
		words "${1%.dot}.svg" | diff - "$dir/words"
}

for source in $(files '*.dot'); do
	check "${source%.dot}.svg is drawn from its source" drawn "$source"
	if have dot; then
		check "${source%.dot}.svg says what its source says" same_words "$source"
	else
		skip "${source%.dot}.svg says what its source says" 'dot (graphviz) is not installed'
	fi
done

finish
