# SPDX-License-Identifier: MIT
# table.awk - the results for a terminal: awk -f bench/quartiles.awk -f bench/table.awk; the ratios are
# to the first variant, round by round.

END {
	for (s = 1; s <= nscenarios; s++) {
		name = scenarios[s]
		printf "%s (%s, %d rounds)\n", name, unit[name], rounds[name, variants[name, 1]]
		printf "  %-16s %10s %21s   %7s %15s\n", "", "median", "quartiles", "ratio", "quartiles"
		for (v = 1; v <= nvariants[name]; v++) {
			variant = variants[name, v]
			of_variant(name, variant, q)
			printf "  %-16s %10.1f %10.1f %10.1f", variant, q[2], q[1], q[3]
			of_ratio(name, variant, variants[name, 1], q)
			printf "   %7.3f %7.3f %7.3f\n", q[2], q[1], q[3]
		}
	}
}
