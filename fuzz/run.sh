#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - fuzzes each target for some seconds: fuzz/run.sh SECONDS NAME...
set -u

seconds=$1
shift
build=build/fuzz
mkdir -p "$build"
flags='-std=c11 -D_GNU_SOURCE -O1 -g -Iinclude -Ilib -fsanitize=fuzzer,address,undefined
	-fno-sanitize-recover=all'
echo '#include "../../fuzz/fuzz.h"
int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) { return d == NULL && n > 1; }' >"$build/try.c"
# shellcheck disable=SC2086 # a list of flags
if ! clang $flags -o "$build/try" "$build/try.c" >/dev/null 2>&1; then
	echo 'fuzz: SKIP: clang cannot link libFuzzer here; it is in the package libclang-rt-dev'
	exit 0
fi
status=0
for name in "$@"; do
	mkdir -p "$build/$name/found"
	library=
	[ "$name" != socket ] || library=$(echo lib/*.c wire/*.c)
	# shellcheck disable=SC2086 # lists of flags and files
	clang $flags -o "$build/$name/fuzz" "fuzz/$name/target.c" $library || exit 1
	"$build/$name/fuzz" -max_total_time="$seconds" -timeout=10 -max_len=2048 -print_final_stats=1 \
		-artifact_prefix="$build/$name/" "$build/$name/found" "fuzz/$name/corpus" \
		>"$build/$name/log" 2>&1
	one=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name/log")
	if [ $one -eq 0 ]; then
		echo "fuzz: $name: $runs runs, nothing found"
	else
		status=1
		echo "fuzz: $name: FAILED after ${runs:-some} runs; $build/$name/log ends in:"
		grep -E 'is false|ERROR|runtime error|^    #[0-4] |Test unit' "$build/$name/log" | head -n 14
	fi
done
exit $status
