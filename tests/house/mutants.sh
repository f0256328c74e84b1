#!/bin/sh
# SPDX-License-Identifier: MIT
# mutants.sh - the short form of "make mutants": one for each part that has any, so that the way they are made,
# built and judged is known to work.  All of them take half an hour.
cd "$(dirname "$0")/../.." || exit 1
unset BUILD
exec sh tests/mutants/run.sh tests/mutants/ctrunc_ignored.mutant tests/mutants/command_umask.mutant \
	tests/mutants/store_id_kept.mutant
