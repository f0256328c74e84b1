# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# lib.sh - TAP for the checks of the house: ok NAME STATUS, with what was printed to "$out".
root=$(pwd)
: "${BUILD:=build}" "${MAKE:=make}"
case $BUILD in
/*) build=$BUILD ;;
*) build=$root/$BUILD ;;
esac
dir=$(mktemp -d)
out=$dir/out
: >"$out"
trap 'rm -rf "$dir"' EXIT
n=0
bad=0

# check NAME COMMAND...: the command must succeed; what it says is shown if not.
check() {
	name=$1
	shift
	n=$((n + 1))
	if "$@" >"$out" 2>&1 </dev/null; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$out"
		bad=1
	fi
}

skip() { # NAME REASON
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

have() {
	command -v "$1" >/dev/null 2>&1
}

finish() {
	echo "1..$n"
	exit $bad
}

# The files of the project: what git knows, or all of them where there is no git.
files() {
	if have git && git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard -- "$@"
	else
		for pattern in "$@"; do
			find . -path ./build -prune -o -name "$pattern" -type f -print | sed 's|^\./||'
		done
	fi
}
