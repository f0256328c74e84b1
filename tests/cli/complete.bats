#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is offered when somebody types: fdferry complete, and bash and zsh that ask it.

load helper
setup() {
	common_setup
	completion=$BATS_TEST_DIRNAME/../../completion
	mkdir some.dir bin
	: >'two words.txt'
	cp /bin/true bin/one-of-a-kind
	PATH=$PWD/bin:$PATH
	. "$completion/fdferry.bash"
}
teardown() { common_teardown; }

# Every word that a help text has in its first column: subcommands, options, what WHAT may be.
subcommands() { fdferry --help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p'; }
long_options() { fdferry "$1" --help | grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -e '--[a-z-]+'; }
endpoints() { fdferry inspect --help | sed -n 's/^  \([a-z-]*:\).*/\1/p'; }

answer() { # WORD...: what the command offers, without the texts; a tab is shown as !
	fdferry complete -- "$@" | sed 's/^\t/!/; s/\t.*//' | paste -sd ' ' -
}

offers() { # LINE: what bash is given when LINE has been typed, one word a line
	local rest=$1
	COMP_WORDS=()
	# bash cuts here; there is nothing quoted in these tests.
	while [[ $rest =~ ^[[:blank:]]*([^[:blank:]:=]+|[:=]+)(.*)$ ]]; do
		COMP_WORDS+=("${BASH_REMATCH[1]}")
		rest=${BASH_REMATCH[2]}
	done
	[[ $1 != *' ' ]] || COMP_WORDS+=('')
	COMP_LINE=$1 COMP_POINT=${#1} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_fdferry
	[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
}

all_of() { # FILE WORD...: each of them is a line of FILE, and there is one at least
	local file=$1 word
	shift
	[ $# -gt 0 ] || { echo 'nothing to look for'; return 1; }
	for word in "$@"; do
		grep -qxe "$word" "$file" || { echo "'$word' is not offered:"; cat "$file"; return 1; }
	done
}

# The same lines for each shell: what is typed, with a tab, and what fdferry is called with then.
typed=$'fdferry ins\tnot\t
fdferry send --ty\tseq\tsome.d\tsock tcp-l\t:80 file:not\t
fdferry send -t \tdg\t--type=str\tsock memfd:two\tunix-l\tso\tx
fdferry recv --exp\tmemfd,seal\t--from us\troo\tsock -- one-of\t-x not\t
fdferry recv --wrong\t --messages 1\t some.d\tx
fdferry not\t'
called='<inspect> <notes.txt>
<send> <--type> <seqpacket> <some.dir/sock> <tcp-listen::80> <file:notes.txt>
<send> <-t> <dgram> <--type=stream> <sock> <memfd:two words.txt> <unix-listen:some.dir/x>
<recv> <--expect> <memfd,sealed> <--from> <user=root> <sock> <--> <one-of-a-kind> <-x> <notes.txt>
<recv> <--wrong> <--messages> <1> <some.dir/x>
<not>'

@test "the subcommand, its options, their arguments, and what stands behind" {
	[ "$(answer '')" = " $(subcommands | paste -sd ' ' -)" ]
	[[ "$(answer -)" == *' --help --version' ]]
	[ "$(answer inspect -)" = ' -j --json -h --help' ]
	[ "$(answer send -t '')" = ' dgram stream seqpacket' ]
	[ "$(answer send --type '')" = "$(answer send -t '')" ]
	[ "$(answer send --ty '')" = "$(answer send -t '')" ]
	[ "$(answer send --type=d)" = '--type= dgram stream seqpacket' ]
	[ "$(answer recv --from '')" = ' uid= user= gid= group=' ]
	[ "$(answer recv --from user=r)" = 'user= !user' ]
	[ "$(answer recv --from=group=)" = '--from=group= !group' ]
	[ "$(answer recv --from uid=)" = 'uid=' ]
	[[ "$(answer recv --expect file,s)" == 'file, file '*' sealed '*' min= max=' ]]
	[ "$(answer recv --expect file,min=)" = 'file,min=' ]
	[ "$(answer recv --messages '')" = '' ]
	[ "$(answer send '')" = ' !path' ]
	[ "$(answer send -t dgram --confirm sock memfd:a)" = 'memfd: !path' ]
	[ "$(answer send sock pid:)" = 'pid:' ]
	[[ "$(answer send sock a b c '')" == ' file: '*' pid: !path' ]]
	[ "$(answer send -- -t '')" = "$(answer send sock '')" ]
	[ "$(answer recv -jt dgram '')" = ' !path' ]
	[ "$(answer recv sock '')" = ' --' ]
	[ "$(answer get --store '')" = ' !path' ]
	[ "$(answer get --store=some)" = '--store= !path' ]
	[[ "$(answer put name '')" == ' file: '*' pid: !path' ]]
	[ "$(fdferry complete -- exec web -- cat '')" = $'\n\tcommand\t3' ]
	[ "$(answer list pattern '')" = '' ]
	[ "$(fdferry complete -- recv sock -- cat '')" = $'\n\tcommand\t3' ]
	[ "$(fdferry complete -- no-such '')" = '' ]
}

@test "the words of --type, --from and --expect are those that are understood" {
	local word
	for word in $(answer send -t ''); do
		fails 1 fdferry send -t "$word" nobody /dev/null
	done
	for word in $(answer recv --from ''); do
		case $word in
		user= | group=) word+=root ;;
		*) word+=0 ;;
		esac
		fails 3 fdferry recv --timeout 0s --from "$word" sock
	done
	for word in $(answer recv --expect ''); do
		[[ $word != *= ]] || word+=1
		fails 3 fdferry recv --timeout 0s --expect "$word" sock
	done
}

@test "the names in a store, if it answers" {
	export FDFERRY_STORE=$PWD/nowhere
	[ "$(answer get '')" = '' ]
	[ "$(answer get web '')" = ' --' ]
	store_start
	fdferry put web notes.txt notes.txt
	fdferry put log notes.txt
	fdferry put '$(touch x)' notes.txt
	fdferry put ' -x' notes.txt
	for command in put get take list remove watch exec; do
		[ "$(answer "$command" '')" = ' log web' ]
		[ "$(FDFERRY_STORE=nowhere answer "$command" --store store '')" = ' log web' ]
	done
	[ "$(FDFERRY_STORE=nowhere answer get --store=store l)" = ' log web' ]
	[ "$(answer get --pattern '')" = ' log web' ]
	[ "$(answer get log '')" = ' log web --' ]
	[ "$(answer exec log '')" = ' log web --' ]
	[ "$(answer remove log '')" = ' log web' ]
	[ "$(offers 'fdferry get w')" = web ]
	store_stop
}

@test "a command line without -- is refused" {
	fails 2 fdferry complete
	fails 2 fdferry complete send
	one_line 'fdferry complete' '-- and the words'
	fails 2 fdferry complete --
}

@test "bash: every subcommand, option and WHAT of the help texts is offered" {
	local command
	offers 'fdferry ' >offered
	# shellcheck disable=SC2046 # words
	all_of offered $(subcommands)
	for command in $(subcommands); do
		offers "fdferry $command -" >offered
		# shellcheck disable=SC2046
		all_of offered $(long_options "$command")
	done
	offers 'fdferry send sock ' >offered
	# shellcheck disable=SC2046
	all_of offered $(endpoints) notes.txt
}

@test "bash: what is offered goes on from what has been typed" {
	[ "$(offers 'fdferry se')" = send ]
	[ "$(offers 'fdferry send --type=')" = $'dgram\nstream\nseqpacket' ]
	[ "$(offers 'fdferry send --type=s')" = $'stream\nseqpacket' ]
	[ "$(offers 'fdferry recv --from=user=roo')" = root ]
	[ "$(offers 'fdferry recv --expect file,pi')" = file,pidfd ]
	[ "$(offers 'fdferry send sock unix-l')" = unix-listen: ]
	[ -z "$(offers 'fdferry send sock tcp-listen:')" ]
	[ -z "$(offers 'fdferry recv --names x')" ]
	COMP_WORDBREAKS=${COMP_WORDBREAKS//:}
	COMP_WORDS=(fdferry send sock unix-l) COMP_LINE='fdferry send sock unix-l' COMP_POINT=24 COMP_CWORD=3
	_fdferry
	[ "${COMPREPLY[*]}" = unix-listen: ]
}

needs_terminal() {
	script -qec true /dev/null >log 2>&1 3>&- || skip 'no pseudo-terminal can be had here'
}

@test "bash completes what is typed" {
	command -v script >/dev/null || skip 'script is not installed'
	needs_terminal
	cat >start <<-B
		. '$completion/fdferry.bash'
		fdferry() {
			if [ "\$1" = complete ]; then command fdferry "\$@"; else printf '<%s> ' "\$@" | sed 's/ \$/\n/' >>called; fi
		}
	B
	printf '. ./start\n%s\nexit\n' "$typed" |
		timeout 60 script -qec 'bash --norc --noprofile -i' /dev/null >log 2>&1 3>&-
	diff <(echo "$called") called
}

@test "zsh completes what is typed" {
	command -v zsh >/dev/null || skip 'zsh is not installed'
	needs_terminal
	timeout 60 zsh -f "$BATS_TEST_DIRNAME/types.zsh" "$completion" <<<"$typed" >log 2>&1 3>&-
	diff <(echo "$called") called
}

@test "zsh: every subcommand, option and WHAT of the help texts is offered" {
	local command
	command -v zsh >/dev/null || skip 'zsh is not installed'
	needs_terminal
	{
		printf 'fdferry \t\n'
		for command in $(subcommands); do
			printf 'fdferry %s -\t\n' "$command"
		done
		printf 'fdferry send sock \t\n'
	} | timeout 60 zsh -f "$BATS_TEST_DIRNAME/types.zsh" "$completion" >log 2>&1 3>&-
	# shellcheck disable=SC2046
	all_of offered $(subcommands) $(endpoints) notes.txt
	for command in $(subcommands); do
		# shellcheck disable=SC2046
		all_of offered $(long_options "$command")
	done
}
