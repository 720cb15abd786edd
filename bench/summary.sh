# SPDX-License-Identifier: GPL-2.0-only
# How each figure here is shown; sourced.

# summary NAME UNIT GOAL: median and spread of the numbers on standard input.
summary()
{
	sort -n | awk -v name="$1" -v unit="$2" -v goal="$3" '
		{ v[NR] = $1 }
		END {
			if (!NR) { printf "%-46s not measured\n", name; exit }
			m = (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2
			printf "%-46s %10.4g %-6s (%.4g to %.4g, n=%d)  goal %s\n",
				name, m, unit, v[1], v[NR], NR, goal
		}'
}
