# SPDX-License-Identifier: MIT
# types.zsh - types the lines of standard input into a zsh that completes with completion/_fdferry.
#
#   zsh -f types.zsh DIRECTORY-OF-_fdferry
#
# What was called lies in "called" then, a line each, and what was offered in "offered".
zmodload zsh/zpty || exit 1
zpty z zsh -f -i
print -r -- "fpath=(${(q)1} \$fpath)
autoload -Uz compinit
compinit -u -D
bindkey '^I' complete-word
compadd() {
	local -a hits
	# With one of these it only asks what would fit.
	if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
		builtin compadd -O hits \"\$@\"
		print -rl -- \$hits >>offered
	fi
	builtin compadd \"\$@\"
}
fdferry() {
	if [[ \$1 == complete ]]; then command fdferry \"\$@\"; else print -r -- \"<\${(j:> <:)@}>\" >>called; fi
}" >start
zpty -w z '. ./start'
while IFS= read -r line; do
	zpty -w z "$line"
done
zpty -w z exit
while zpty -r z text; do
	print -rn -- "$text"
done
