#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch.sh - downloads Debian's kernels and unpacks them, without installing anything.
#
# usage: fetch.sh DIRECTORY amd64|s390x newest|series [SUITE...]
#
# Of the kernels that apt knows: the newest, or the newest of each series (5.10, 6.1...).  With a
# SUITE (bullseye, sid), apt is asked about that one instead, with lists of its own in DIRECTORY;
# another architecture than the machine's wants one.  Prints the directory of each kernel that is
# there, whose name ends with the architecture.  The "cloud" kernels of amd64: they are the smallest.
set -u

mkdir -p "$1" || exit 1
dir=$(cd "$1" && pwd)
arch=$2
which=$3
shift 3
case $arch in
amd64) flavour=cloud-amd64 ;;
*) flavour=$arch ;;
esac
say() {
	echo "fetch: $*" >&2
}
command -v apt-get >/dev/null 2>&1 || {
	say 'no apt-get here'
	exit 1
}

options=
if [ $# -gt 0 ]; then
	# The mirror that the machine has configured for Debian.
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' \
		'Created-By: Packages' 2>/dev/null | grep -v -- '-security' | head -n 1)
	[ -n "$mirror" ] || {
		say 'apt has no archive of Debian'
		exit 1
	}
	apt=$dir/apt-$arch
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -e $keys ] && signed=signed-by=$keys || signed=
	for suite in "$@"; do
		echo "deb [arch=$arch $signed] $mirror $suite main"
	done >"$apt/sources.list"
	options="-o Dir::State::lists=$apt/lists -o Dir::Cache=$apt/cache
-o Dir::Etc::sourcelist=$apt/sources.list -o Dir::Etc::sourceparts=-
-o APT::Architecture=$arch -o APT::Architectures=$arch"
	# shellcheck disable=SC2086 # a list of words
	apt-get -q $options update >"$apt/log" 2>&1 || {
		say "no lists of $*"
		exit 1
	}
fi

get() { # PACKAGE: unpacks it into where; one that only points to others brings them along
	# shellcheck disable=SC2086
	(cd "$where.part" && apt-get -q $options download "$1" >/dev/null 2>&1 &&
		dpkg-deb -x "$1"_*.deb . && rm -f "$1"_*.deb)
}

# shellcheck disable=SC2086
apt-cache $options search --names-only "^linux-image-[0-9].*-$flavour\$" | awk '{ print $1 }' |
	sort -V | awk -v which="$which" '
		{
			series = $1
			sub(/^linux-image-/, "", series)
			match(series, /^[0-9]+\.[0-9]+/)
			series = substr(series, 1, RLENGTH)
			if (which == "series" && series != last && last != "")
				print newest
			last = series
			newest = $1
		}
		END { if (newest != "") print newest }' | while read -r package; do
	version=${package#linux-image-}
	where=$dir/$version
	if ! [ -d "$where" ]; then
		rm -rf "$where.part"
		mkdir "$where.part"
		# From Linux 7 on the image is in packages of its own.
		# shellcheck disable=SC2086
		if apt-cache $options show "$package" | grep -q "linux-binary-$version"; then
			get "linux-binary-$version" && get "linux-modules-$version"
		else
			get "$package"
		fi && mv "$where.part" "$where" || {
			say "$package cannot be had"
			rm -rf "$where.part"
			continue
		}
	fi
	echo "$where"
done
