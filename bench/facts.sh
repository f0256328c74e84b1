#!/bin/sh
# SPDX-License-Identifier: MIT
# facts.sh - what the machine is, for docs/benchmarks.md: one line of a list each.
set -u

say() { # NAME VALUE, if there is one
	[ -z "$2" ] || printf -- '- %s: %s\n' "$1" "$2"
}

module() {
	pkg-config --modversion "$1" 2>/dev/null
}

package() { # the version of a Debian package, without the packaging's own
	dpkg-query -W -f '${Version}' "$1" 2>/dev/null | sed 's/^[0-9]*://; s/-[^-]*$//'
}

peers=
peer() { # NAME VERSION
	[ -z "$2" ] || peers="$peers${peers:+, }$1 $2"
}
peer skalibs "$(package skalibs-dev)"
peer libowfat "$(package libowfat-dev)"
peer GLib "$(module gio-unix-2.0)"
peer libuv "$(module libuv)"
peer libwayland "$(module wayland-client)"
peer libsystemd "$(module libsystemd)"
peer s6 "$(package s6)"
peer Python "$(python3 -c 'import platform; print(platform.python_version())' 2>/dev/null)"
peer Ruby "$(ruby -e 'print RUBY_VERSION' 2>/dev/null)"
# shellcheck disable=SC2016 # perl's own variables
peer Perl "$(perl -MIO::FDPass -e 'printf "%vd with IO::FDPass %s", $^V, $IO::FDPass::VERSION' 2>/dev/null)"
peer Node "$(node -p 'process.versions.node + " with usocket " + require("usocket/package.json").version' 2>/dev/null)"

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
virtual=$(grep -qw hypervisor /proc/cpuinfo && echo ', a virtual machine')
# shellcheck disable=SC1091
say processor "$(nproc) cores of ${cpu:-$(uname -m)}$virtual"
say memory "$(awk '/^MemTotal:/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)"
say kernel "$(uname -srm)"
say system "$(. /etc/os-release 2>/dev/null && echo "$PRETTY_NAME")"
say compiler "$("${CC:-cc}" --version | head -n 1), ${CFLAGS-}"
say fdferry "$(sed -n 's/^.define FERRY_VERSION "\(.*\)"/\1/p' include/fdferry.h)$(
	git log -1 --format=', commit %h' 2>/dev/null)"
say peers "$peers"
say 'load when it began' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
say date "$(date -u +%Y-%m-%d)"
