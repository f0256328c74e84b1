#!/bin/sh
# SPDX-License-Identifier: MIT
# guide.sh - the guide and the answers run: their programs are the examples, and print what is shown.
. tests/lib.sh
. tests/page.sh

page docs/guide.md
page docs/questions.md

finish
