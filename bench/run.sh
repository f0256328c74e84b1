#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - make bench: measures, and writes docs/benchmarks.md, its plots and the README's numbers.
#
# With SHORT=1 it takes seconds, shows that everything works, and writes below build/ only.
set -u
: "${BUILD:=build}" "${SHORT=}"
out=$BUILD/bench/result
docs=docs
readme=README.md
options='--rounds 61'
command='make bench'
if [ -n "$SHORT" ]; then
	out=$BUILD/bench/short
	docs=$out
	readme=$out/README.md
	options='--rounds 2 --ms 0.2'
	command='make bench SHORT=1'
fi
mkdir -p "$out" || exit 1
[ -z "$SHORT" ] || cp README.md "$readme"

results=$out/results.tsv

# Node's module is the registry's; where it cannot be had or built, Node is left out.
node=$(cd "$BUILD/bench" && pwd)/node
if [ ! -e "$node/node_modules/usocket" ] && command -v npm >/dev/null 2>&1; then
	mkdir -p "$node"
	timeout 300 npm install --prefix "$node" --no-audit --no-fund usocket@1.1.0 >"$out/npm.log" 2>&1 ||
		echo "bench: usocket does not build: see $out/npm.log" >&2
fi
export NODE_PATH="$node/node_modules"

sh bench/facts.sh >"$out/facts.md" || exit 1
# shellcheck disable=SC2086 # words
"$BUILD/bench/bench" $options >"$results" || exit 1
awk -f bench/quartiles.awk -f bench/table.awk "$results" || exit 1

awk -v out="$out" -f bench/quartiles.awk -f bench/report.awk "$results" || exit 1
sh bench/page.sh "$out" "$command" >"$docs/benchmarks.md" || exit 1
if command -v gnuplot >/dev/null 2>&1; then
	gnuplot -e "in='$out'; out='$docs'" bench/plot.gp || exit 1
else
	echo "bench: gnuplot is not installed: no plots" >&2
fi
awk -v numbers="$out/numbers.md" '
	{ if (!inside) print }
	/<!-- bench -->/ { inside = 1; while ((getline line <numbers) > 0) print line }
	/<!-- \/bench -->/ { inside = 0; print }' "$readme" >"$out/readme.new" &&
	mv "$out/readme.new" "$readme" || exit 1
echo "bench: $docs/benchmarks.md"
