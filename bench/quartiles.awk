# SPDX-License-Identifier: MIT
# quartiles.awk - what the bench prints, read into arrays, and quartiles of it; for awk -f.
#
#   value[scenario, variant, round]    rounds[scenario, variant]    unit[scenario]
#   scenarios[1..nscenarios]   variants[scenario, 1..nvariants[scenario]]: in the order of the lines

BEGIN { FS = "\t" }

NF == 5 {
	if (!($1 in unit)) {
		scenarios[++nscenarios] = $1
		unit[$1] = $5
	}
	if (!(($1, $2) in rounds))
		variants[$1, ++nvariants[$1]] = $2
	value[$1, $2, $3] = $4
	if ($3 + 1 > rounds[$1, $2])
		rounds[$1, $2] = $3 + 1
}

# Sorts x[1..n] and leaves the quartiles in q[1], q[2] (the median) and q[3].
function quartiles(x, n, q,    i, k, at, low, v) {
	for (i = 2; i <= n; i++) {
		v = x[i]
		for (k = i - 1; k >= 1 && x[k] > v; k--)
			x[k + 1] = x[k]
		x[k + 1] = v
	}
	for (i = 1; i <= 3; i++) {
		at = 1 + (n - 1) * i / 4
		low = int(at)
		q[i] = low >= n ? x[n] : x[low] + (at - low) * (x[low + 1] - x[low])
	}
}

# The values of one variant.
function of_variant(scenario, variant, q,    i, x) {
	for (i = 0; i < rounds[scenario, variant]; i++)
		x[i + 1] = value[scenario, variant, i]
	quartiles(x, rounds[scenario, variant], q)
}

# a / b, round by round; returns how many rounds that were.
function of_ratio(scenario, a, b, q,    i, n, x) {
	n = 0
	for (i = 0; i < rounds[scenario, a] && i < rounds[scenario, b]; i++)
		if (value[scenario, b, i] > 0)
			x[++n] = value[scenario, a, i] / value[scenario, b, i]
	quartiles(x, n, q)
	return n
}
