#!/bin/sh
# SPDX-License-Identifier: MIT
# draw.sh - draws NAME.svg from each NAME.dot given, with Graphviz (make pictures).
#
# The last line of a picture has checksums of its source and of itself, so that a check can tell without
# Graphviz whether it has been drawn anew.
set -eu

for source in "$@"; do
	drawing=$(dot -Tsvg "$source")
	picture=${source%.dot}.svg
	printf '%s\n' "$drawing" >"$picture"
	echo "<!-- source $(cksum <"$source"), drawing $(cksum <"$picture") -->" >>"$picture"
done
