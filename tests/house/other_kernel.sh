#!/bin/sh
# SPDX-License-Identifier: MIT
# other_kernel.sh - a part of the tests on another kernel; all of them on all kernels: make kernels.
exec sh tests/kernels/run.sh --short
