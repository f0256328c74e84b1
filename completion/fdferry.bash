# SPDX-License-Identifier: MIT
# fdferry.bash - completion for bash 4.4 and newer: asks "fdferry complete", and knows no words itself.

_fdferry()
{
	local line=${COMP_LINE:0:COMP_POINT} rest piece word value keep own i
	local -a words=() answer=()

	# bash has cut words at : and = too: what has no blank in front belongs to the word before.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		rest=${line#"${line%%[![:space:]]*}"}
		piece=${COMP_WORDS[i]}
		((i < COMP_CWORD)) || piece=$rest
		if ((i == 0)) || [[ $rest != "$line" ]]; then
			words+=("$piece")
		else
			words[-1]+=$piece
		fi
		line=${rest#"$piece"}
	done
	word=${words[-1]}
	# The part of it that bash does not replace.
	own=$word
	[[ $piece == *[!:=]* ]] && own=${word%"$piece"}
	mapfile -t answer < <("${words[0]/#\~/$HOME}" complete -- "${words[@]:1}" 2>/dev/null)
	keep=${answer[0]-}
	value=${word#"$keep"}
	COMPREPLY=()
	for line in "${answer[@]:1}"; do
		case $line in
		$'\tuser') mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -P "$keep" -u -- "$value") ;;
		$'\tgroup') mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -P "$keep" -g -- "$value") ;;
		$'\tcommand\t'*)
			((${#words[@]} - 2 == ${line##*$'\t'})) || return 0
			mapfile -t COMPREPLY < <(compgen -c -- "$value")
			;;
		$'\tpath')
			# bash completes a path best itself, if nothing else fits.
			((${#COMPREPLY[@]} > 0)) || return 0
			mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -P "$keep" -f -- "$value")
			;;
		"$value"*) COMPREPLY+=("$keep${line%%$'\t'*}") ;;
		esac
	done
	COMPREPLY=("${COMPREPLY[@]#"$own"}")
	# These fail outside of a completion, as in a test.
	compopt +o default +o bashdefault 2>/dev/null || :
	[[ ${COMPREPLY[0]-} != *[:=] ]] || compopt -o nospace 2>/dev/null || :
	return 0
}

complete -o bashdefault -o default -F _fdferry fdferry
