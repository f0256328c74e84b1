#!/bin/sh
# SPDX-License-Identifier: MIT
# errnos.sh - every errno and exit status that a page names has a test, which tests/errnos names.
. tests/lib.sh

table=$dir/table
grep -vE '^(#|$)' tests/errnos >"$table"

# PAGE FUNCTION ERRNO: the tags of ERRORS, by function where it has a section of its own or the text begins
# with "FUNCTION only:", else under "*".  What is named elsewhere on the page alone is under "-".
cat >"$dir/pages.awk" <<'EOF'
function flush(to,  i) {
	for (i = 1; i <= n; i++) {
		print page, to, tag[i]
		listed[page, tag[i]] = 1
	}
	n = 0
}
FNR == 1 { page = FILENAME; sub(/.*\//, "", page); section = "" }
/^\.(It|El|S[hs])/ { flush(own) }
/^\.Sh/ { section = $2; own = "*"; next }
/^\.Ss/ { own = $2; next }
section == "ERRORS" && /^\.It/ {
	only = ""
	for (i = 2; i <= NF; i++)
		if ($i ~ /^E[A-Z0-9]+$/)
			tag[++n] = $i
	next
}
section == "ERRORS" && n > 0 {
	if (/^\.Fn/ && only == "")
		only = $2
	else
		flush(only != "" && /^only:/ ? only : own)
}
section == "EXIT" && /^\.It/ {
	for (i = 2; i <= NF; i++)
		if ($i ~ /^[0-9]/)
			print page, "-", $i
	next
}
{
	for (i = 1; i < NF; i++)
		if ($i ~ /^\.?Er$/)
			named[page " - " $(i + 1)] = 1
}
END {
	for (line in named) {
		split(line, word, " ")
		if (!((word[1], word[3]) in listed))
			print line
	}
}
EOF

named() {
	awk -f "$dir/pages.awk" man/*.[1-8] | sort -u >"$dir/pages"
	[ -s "$dir/pages" ] || { echo 'the pages name no errno'; return 1; }
	awk '{ print $1, $2, $3 }' "$table" | sort -u | diff "$dir/pages" - ||
		{ echo 'named by the pages <, in tests/errnos >'; return 1; }
}
check 'tests/errnos has what the pages name, function by function' named

# The body of test NAME, with those functions of its file that it calls, and without comments.
cat >"$dir/body.awk" <<'EOF'
FNR == 1 { key = "" }
/^@test "/ { key = $0; sub(/^@test "/, "", key); sub(/" \{$/, "", key); key = "test " key }
/^(STORE_)?TEST[A-Z_]*\(/ { key = $0; sub(/^[^(]*\(/, "", key); sub(/[,)].*/, "", key); key = "test " key }
/^static .*\(/ { key = $0; sub(/\(.*/, "", key); sub(/.*[ *]/, "", key) }
/^((STORE_)?TEST|static).*;$/ { key = "" }
key != "" {
	line = $0
	gsub(/\/\*.*\*\//, "", line)
	sub(/^[[:space:]]*#.*/, "", line)
	body[key] = body[key] "\n" line
}
/^}/ { key = "" }
END {
	whole = body["test " test]
	for (key in body)
		if (key !~ /^test / && body["test " test] ~ ("(^|[^A-Za-z0-9_])" key "[(,]"))
			whole = whole body[key]
	print whole
}
EOF
provokes() ( # how a test says that this came: E..., or a status
	case $1 in
	E*) echo "(^|[^A-Z0-9_])$1([^A-Z0-9_]|\$)" ;;
	128+n) echo '(-eq|fails) (1[3-9][0-9]|\$\(\(128 \+)' ;;
	*) echo "(-eq|fails) $1([^0-9]|\$)" ;;
	esac
)

tested() {
	while read -r page function errno test; do
		where="$page $function $errno"
		file=${test%%:*}
		[ -f "$file" ] || { echo "$where: there is no file '$file'"; found=1; continue; }
		awk -v test="${test#*:}" -f "$dir/body.awk" "$file" >"$dir/body"
		if ! grep -q . "$dir/body"; then
			echo "$where: $file has no test '${test#*:}'"
			found=1
		elif ! grep -qE "$(provokes "$errno")" "$dir/body"; then
			echo "$where: '${test#*:}' in $file says nothing of it"
			found=1
		fi
	done <"$table"
	[ -z "${found-}" ]
}
check 'each of these tests is there, and says what it expects' tested

finish
