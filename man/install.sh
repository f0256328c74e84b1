#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh - installs manual pages under every name that their NAME section lists, or removes them.
#
#   sh man/install.sh INSTALL MANDIR PAGE...
#   sh man/install.sh --remove MANDIR PAGE...
set -eu

usage() {
	echo 'usage: install.sh INSTALL MANDIR PAGE... | install.sh --remove MANDIR PAGE...' >&2
	exit 2
}

# The arguments of .Nm in the NAME section, one a line; the commas between them are not names.
names() {
	awk '$1 == ".Sh" { in_name = $2 == "NAME" }
		in_name && $1 == ".Nm" && NF > 1 { print $2 }' "$1"
}

[ $# -ge 2 ] || usage
install=$1
mandir=$2
shift 2

for page; do
	file=${page##*/}
	section=${file##*.}
	dir=$mandir/man$section
	if [ "$install" = --remove ]; then
		rm -f "$dir/$file"
	else
		# INSTALL may bring options of its own: "install -p".
		# shellcheck disable=SC2086
		$install -d "$dir"
		# shellcheck disable=SC2086
		$install -m 644 "$page" "$dir/$file"
	fi
	for name in $(names "$page"); do
		alias=$name.$section
		[ "$alias" != "$file" ] || continue
		rm -f "$dir/$alias"
		[ "$install" = --remove ] && continue
		echo ".so man$section/$file" >"$dir/$alias"
		chmod 644 "$dir/$alias"
	done
done
