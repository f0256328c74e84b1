#!/bin/sh
# SPDX-License-Identifier: MIT
# guide.sh - the guide runs: its programs are the examples, and print what it shows.
. tests/lib.sh
. tests/page.sh

page docs/guide.md

finish
