#!/bin/sh
# SPDX-License-Identifier: MIT
#
# selftest.sh - the harness must notice what selftest_cases.c does wrong, and say it.
#
# usage: selftest.sh SELFTEST_CASES		(prints TAP)

set -u

cases=${1:?usage: selftest.sh SELFTEST_CASES}
number=0
failed=0
expected=' '
output=$("$cases" 2>&1)
status=$?

# report TRUTH NAME [TEXT]: one TAP line; TEXT explains a failure.
report() {
	number=$((number + 1))
	if [ "$1" = yes ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		printf '%s\n' "${3-}" | sed 's/^/# /'
		failed=1
	fi
}

# The lines of one case: its result and the diagnostics up to the next result.
lines_of() {
	printf '%s\n' "$output" | awk -v name="$1" '
		/^(not )?ok [0-9]+ - / {
			rest = $0
			sub(/^(not )?ok [0-9]+ - /, "", rest)
			sub(/ # SKIP.*/, "", rest)
			on = rest == name
		}
		on'
}

# expect NAME RESULT [REGEX...]: RESULT is ok or "not ok"; every REGEX is found in a line.
expect() {
	name=$1
	result=$2
	shift 2
	expected="$expected$name "
	seen=$(lines_of "$name")
	truth=yes
	case $seen in
	"$result "[0-9]*) ;;
	*) truth=no ;;
	esac
	for regex in "$@"; do
		printf '%s\n' "$seen" | grep -Eq "$regex" || truth=no
	done
	report $truth "$name is $result" "expected: $*
$seen"
}

# Like expect, but nothing besides the result may be said.
expect_silent() {
	expect "$1" ok
	case $(lines_of "$1") in
	*'
'*) report no "$1 says nothing" "$(lines_of "$1")" ;;
	*) report yes "$1 says nothing" ;;
	esac
}

for name in good_empty good_start good_child good_low_limit good_dropped_root good_remembered \
	good_numbers good_same_file; do
	expect_silent "$name"
done
expect good_output ok '^# a note of 4 words$'
expect good_skip ok '# SKIP there is no need$'
expect good_skip_in_child ok '# SKIP the child says so$'

expect bad_leak 'not ok' '^# descriptor 3 was left open: .*pipe'
expect bad_leak_at_limit 'not ok' '^# descriptor 3 was left open'
expect bad_leak_dropped_root 'not ok' '^# descriptor 3 was left open'
expect bad_leak_above_limit 'not ok' '^# descriptor 40 was left open'
expect bad_close 'not ok' '^# descriptor 0 was closed: it was '
expect bad_swap 'not ok' '^# descriptor 0 was replaced: it was .*, it is .*file'
case $(lines_of bad_swap_eventfd) in
*'# SKIP '*)
	# Old kernels without CONFIG_KCMP have no way to know.
	expect bad_swap_same_inode ok
	expect bad_swap_eventfd ok
	;;
*)
	expect bad_swap_same_inode 'not ok' '^# descriptor 0 was replaced: .* another open file'
	expect bad_swap_eventfd 'not ok' '^# descriptor 3 was replaced: .* another open file'
	;;
esac
expect bad_remembered 'not ok' '^# descriptor 3 was left open' 'the table of descriptors changed'
expect bad_cloexec 'not ok' '^# descriptor 0, .*: close-on-exec was off, is on$'
expect bad_nonblock 'not ok' '^# descriptor 1, .*: status flags .*O_NONBLOCK changed'
expect bad_close_all 'not ok' '^# a descriptor of the harness itself was closed$'

expect bad_running_child 'not ok' '^# process [0-9]+ \([^?]+\) was left running$'
expect bad_zombie 'not ok' '^# process [0-9]+ \([^?]+\) was left as a zombie$'
expect bad_orphan 'not ok' '^# process [0-9]+ \([^?]+\) was left running$'
expect bad_orphan_of_another_session 'not ok' '^# process [0-9]+ \([^?]+\) was left running$'
expect bad_file 'not ok' '^# directory was left: sub$' '^# file was left: sub/left-behind$'
expect bad_mask 'not ok' '^# SIGALRM was left blocked$'
expect bad_disposition 'not ok' '^# SIGPIPE was left with another disposition$'

expect bad_hang 'not ok' '^# it did not end within [0-9]+ s and was killed$'
expect bad_segv 'not ok' '^# it was killed by SIGSEGV$'
expect bad_abort 'not ok' '^# it was killed by SIGABRT$' '^# \| last words$'
expect bad_exit 'not ok' '^# it ended before its end, with exit status 0$'
expect bad_quick_exit 'not ok' '^# it ended before its end, with exit status 0$'

here='^# [^ ]*selftest_cases\.c:[0-9]+: '
expect bad_check 'not ok' "${here}1 > 2 is false\$"
expect bad_check_int 'not ok' "${here}three \\+ 1 == -5 is false\$" 'left is +4$' 'right is -5$'
expect bad_check_str 'not ok' "${here}.*differ\$" 'left is +"left text"$' 'right is "right text"$'
expect bad_check_mem 'not ok' "${here}.*differ from byte 2 of 3\$" 'left is +63$' 'right is 64$'
expect bad_check_ok 'not ok' "${here}open.* returned -1: .*\\(ENOENT\\)\$"
expect bad_check_err 'not ok' "${here}.*returned -2 \\(-ENOENT\\), expected -13 \\(-EACCES\\)\$"
expect bad_check_errno 'not ok' "${here}.*failed with 2 \\(ENOENT\\), expected 13 \\(EACCES\\)\$"
expect bad_fail 'not ok' "${here}because of 42\$"
expect bad_child_check 'not ok' "${here}in child [0-9]+: 1 == 2 is false\$" 'exited with status 1$'
expect bad_child_unheeded 'not ok' "${here}in child [0-9]+: 1 == 2 is false\$"
expect bad_child_killed 'not ok' "${here}child [0-9]+ was killed by SIGKILL\$"
expect bad_output 'not ok' '^# \| ok 99 - fake$'

# The program as a whole.
[ "$status" -eq 1 ] && truth=yes || truth=no
report $truth 'failures make exit status 1' "it was $status"

"$cases" good_empty good_skip >/dev/null && truth=yes || truth=no
report $truth 'passes and skips make exit status 0'

"$cases" no_such_test >/dev/null 2>&1 && truth=no || truth=yes
report $truth 'an unknown name is an error'

foreign=$(printf '%s\n' "$output" | grep -Ev '^(1\.\.[0-9]+$|(not )?ok [0-9]+ - |# )')
[ -z "$foreign" ] && truth=yes || truth=no
report $truth 'nothing but TAP is printed' "$foreign"

count=$("$cases" --list | wc -l)
plan=$(printf '%s\n' "$output" | head -n 1)
results=$(printf '%s\n' "$output" | grep -Ec '^(not )?ok [0-9]')
[ "$plan" = "1..$((count))" ] && [ "$results" -eq "$count" ] && truth=yes || truth=no
report $truth 'plan, list and results agree' "plan $plan, list $count, results $results"

missing=
for name in $("$cases" --list); do
	case $expected in
	*" $name "*) ;;
	*) missing="$missing $name" ;;
	esac
done
[ -z "$missing" ] && truth=yes || truth=no
report $truth 'every case is expected here' "not mentioned:$missing"

shown=$(HARNESS_VERBOSE=1 "$cases" good_output)
case $shown in
*'# | not ok 1 - fake'*) truth=yes ;;
*) truth=no ;;
esac
report $truth 'HARNESS_VERBOSE shows the output of a test that passed' "$shown"

late=$(HARNESS_SLOWER=2 "$cases" bad_hang)
case $late in
*'within 2 s'*) truth=yes ;;
*) truth=no ;;
esac
report $truth 'HARNESS_SLOWER makes a deadline later' "$late"

# Descriptors and signals that somebody else left to the program are none of the test's.
"$cases" good_start good_child 5</dev/null 9</dev/null >/dev/null && truth=yes || truth=no
report $truth 'inherited descriptors do not reach a test'
(trap '' PIPE CHLD && "$cases" good_child good_empty bad_disposition) | grep -q '^not ok 3' &&
	truth=yes || truth=no
report $truth 'ignored signals do not reach a test'

echo "1..$number"
exit $failed
