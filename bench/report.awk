# SPDX-License-Identifier: MIT
# report.awk - the parts of docs/benchmarks.md and of the plots, into the directory OUT:
#   awk -v out=OUT -f bench/quartiles.awk -f bench/report.awk RESULTS
#
#   goals.md numbers.md tables.md    plot-SCENARIO.tsv

function is_own(v) { return v ~ /^fdferry/ }
function is_bare(v) { return v ~ /^bare/ }
function is_script(v) { return v ~ /^(Python|Ruby|Perl|Node)$/ }
function has(scenario, v) { return (scenario, v) in rounds }

function amount(x, unit) {
	if (unit == "bytes")
		return sprintf(x < 100 ? "%.1f B" : "%.0f B", x)
	if (x >= 1e6)
		return sprintf("%.1f ms", x / 1e6)
	return x >= 1e4 ? sprintf("%.1f µs", x / 1e3) : sprintf("%.0f ns", x)
}

function ratio(x) {
	return sprintf(x < 0.1 ? "%.4f" : x < 10 ? "%.2f" : x < 100 ? "%.1f" : "%.0f", x)
}

# Of the peers that kind admits, the one that is nearest to own; its ratio in best_q.
function best_peer(scenario, own, c_only,    v, name, best) {
	best = ""
	for (v = 1; v <= nvariants[scenario]; v++) {
		name = variants[scenario, v]
		if (is_own(name) || is_bare(name) || (c_only && is_script(name)))
			continue
		of_ratio(scenario, name, own, peer_q)
		if (best == "" || peer_q[2] < best_q[2]) {
			best = name
			for (i = 1; i <= 3; i++)
				best_q[i] = peer_q[i]
		}
	}
	return best
}

function goal(text, q, met, more) {
	printf "| %s | %s (%s to %s)%s | %s |\n", text, ratio(q[2]), ratio(q[1]), ratio(q[3]), more,
		met ? "met" : "**missed**" >goals
}

function not_measured(text) {
	printf "| %s | | not measured |\n", text >goals
}

function at_most(text, scenario, a, b, limit) {
	text = text ": at most " limit
	if (!has(scenario, a) || !has(scenario, b))
		return not_measured(text)
	of_ratio(scenario, a, b, q)
	goal(text, q, q[2] <= limit, "")
}

function at_least(text, scenario, own, c_only, limit,    best) {
	text = text ": at least " limit
	best = has(scenario, own) ? best_peer(scenario, own, c_only) : ""
	if (best == "")
		return not_measured(text)
	goal(text, best_q, best_q[2] >= limit, ", " best)
}

# One of our own against one of others, which takes as many times as long.
function beats(text, scenario, other, own, limit) {
	text = text ": at least " limit
	if (!has(scenario, own) || !has(scenario, other))
		return not_measured(text)
	of_ratio(scenario, other, own, q)
	goal(text, q, q[2] >= limit, "")
}

function write_store_goals() {
	beats("a put into a store and a get, on one core: s6 takes, against the store", "store-one", "s6",
		"fdferry-raw", 1)
	beats("a connection for each put: the same", "store-connections", "s6", "fdferry-raw", 2)
	beats("32 puts ahead of their answers: the same", "store-ahead", "s6", "fdferry-raw", 2)
	beats("253 in a put, for each descriptor: the same", "store-many", "s6", "fdferry-raw", 25)
	beats("a put beside 10,000 with the same time limit: the same", "store-limited", "s6", "fdferry", 15)
	at_most("a put beside 15,000, against one beside 100", "store-held", "fdferry-15000", "fdferry-100", 1.2)
	at_most("the same with eventfds", "store-held", "fdferry-eventfd-15000", "fdferry-eventfd-100", 1.2)
	if (has("store-death", "fdferry")) {
		of_variant("store-death", "fdferry", q)
		printf "| from the death of a store's broker, with 15,000 held, to the next answer: less than 10 ms | %s (%s to %s) | %s |\n",
			amount(q[2], "ns"), amount(q[1], "ns"), amount(q[3], "ns"),
			q[2] < 1e7 ? "met" : "**missed**" >goals
	} else
		not_measured("from the death of a store's broker, with 15,000 held, to the next answer: less than 10 ms")
}

function write_goals(    types, i) {
	goals = out "/goals.md"
	print "| goal | measured: median of the rounds (quartiles) | |" >goals
	print "|---|---|---|" >goals
	split("stream dgram seqpacket", types, " ")
	for (i = 1; i <= 3; i++)
		at_most("one descriptor per message, " types[i] ", against the bare calls", "one-" types[i],
			"fdferry", "bare", 1.03)
	at_most("253 per message, closed too, against the best bare design (`close_range`)", "many-stream",
		"fdferry", "bare-range", 1.05)
	at_least("the same: the best peer takes, against fdferry", "many-stream", "fdferry", 0, 1.25)
	at_most("round trip on one core, against the bare calls", "trip-1", "fdferry", "bare", 1.05)
	at_least("round trip on two cores with `spin_us`: the best peer takes, against fdferry", "trip-2",
		"fdferry-spin", 0, 4)
	at_least("the same: the best C peer takes, against fdferry", "trip-2", "fdferry-spin", 1, 5)
	if (has("threads", "fdferry-reserve")) {
		of_ratio("threads", "fdferry", "fdferry-reserve", q)
		goal("1,000 into a process with threads: without `ferry_reserve`, against with it: at least 50",
		     q, q[2] >= 50, "")
	} else
		not_measured("1,000 into a process with threads: with `ferry_reserve` at least 50 times faster")
	write_store_goals()
}

# What the README quotes.
function write_numbers(    numbers, best, types, i, least, most) {
	numbers = out "/numbers.md"
	if (has("one-stream", "fdferry")) {
		split("dgram seqpacket", types, " ")
		of_ratio("one-stream", "fdferry", "bare", q)
		least = most = q[2]
		for (i = 1; i <= 2; i++)
			if (has("one-" types[i], "fdferry")) {
				of_ratio("one-" types[i], "fdferry", "bare", q)
				if (q[2] < least) least = q[2]
				if (q[2] > most) most = q[2]
			}
		printf "- One descriptor per message takes **%s to %s** times as long as with the bare system calls, by the type of socket.\n",
			ratio(least), ratio(most) >numbers
	}
	if (has("many-stream", "fdferry")) {
		best = best_peer("many-stream", "fdferry", 0)
		printf "- 253 per message, closed too, are **%s** times as fast as with the best other library (%s).\n",
			ratio(best_q[2]), best >numbers
	}
	if (has("threads", "fdferry-reserve")) {
		of_ratio("threads", "fdferry", "fdferry-reserve", q)
		printf "- 1,000 into a process with threads are **%s** times as fast after `ferry_reserve`.\n",
			ratio(q[2]) >numbers
	}
}

# The table of one scenario; against is what the ratios are to.
function write_table(scenario, heading, text, against,    v, name, u) {
	if (!(scenario in unit))
		return
	tables = out "/tables.md"
	u = unit[scenario]
	printf "## %s\n\n%s\n\n", heading, text >tables
	printf "| | median | quartiles | of %s | quartiles |\n|---|--:|--:|--:|--:|\n", against >tables
	for (v = 1; v <= nvariants[scenario]; v++) {
		name = variants[scenario, v]
		of_variant(scenario, name, q)
		printf "| %s | %s | %s to %s |", is_own(name) ? "**" name "**" : name, amount(q[2], u),
			amount(q[1], u), amount(q[3], u) >tables
		of_ratio(scenario, name, against, q)
		printf " %s | %s to %s |\n", ratio(q[2]), ratio(q[1]), ratio(q[3]) >tables
	}
	print "" >tables
}

# Bars, the longest first since they are drawn from below: place, label, length, number, kind, cut.
function write_bars(scenario, per, digits, most,    file, v, k, n, name, order, median, cap, kind, cut) {
	file = out "/plot-" scenario ".tsv"
	printf "" >file
	for (v = 1; v <= nvariants[scenario]; v++) {
		name = variants[scenario, v]
		if (name == "fdferry-fd")
			continue
		of_variant(scenario, name, q)
		median[name] = q[2] / per
		for (k = ++n; k > 1 && median[order[k - 1]] < median[name]; k--)
			order[k] = order[k - 1]
		order[k] = name
	}
	# Bars beyond so many times the bare one are cut, so that the others can be told apart.
	cap = median["bare"] * most
	for (k = 1; k <= n; k++) {
		name = order[k]
		kind = is_own(name) ? 1 : is_bare(name) ? 2 : 3
		cut = (median[name] > cap)
		printf "%d\t%s\t%g\t%." digits "f\t%d\t%d\n", k, name, cut ? cap : median[name],
			median[name], kind, cut >file
	}
	close(file)
}

function write_store_tables() {
	write_table("store-one", "A store: a put and a get",
		"One descriptor is put, acknowledged, got and closed; daemons and client on one core.", "s6")
	write_table("store-connections", "A store: a connection for each put",
		"Connected, put, acknowledged, closed.", "s6")
	write_table("store-ahead", "A store: puts ahead of their answers",
		"One connection, on which 32 puts have no answer yet.", "s6")
	write_table("store-many", "A store: as many in a put as it takes",
		"The time of one descriptor: 253 in a put. s6 takes one; a dump, which is meant for another s6-fdholderd, is 253.", "s6")
	write_table("store-limited", "A store: beside 10,000 with the same time limit",
		"A put with a limit that 10,000 others have too.", "s6")
	write_table("store-held", "A store: beside 100 and beside 15,000",
		"A put beside memfds, or an eventfd beside eventfds (which share one inode number).", "fdferry-100")
	write_table("store-death", "A store: the death of its broker",
		"15,000 are held; from SIGKILL to the answer to the next request, and of that: to the end of the old connection, the new one, and its first answer. `bare-fork` is the fork of a process that has as many descriptors, `bare-end` what the kernel needs to end one.", "fdferry")
}

END {
	write_goals()
	write_numbers()
	write_table("one-stream", "One descriptor per message, stream",
		"Sent, received and closed by one process on one core; the time of one descriptor.", "bare")
	write_table("one-dgram", "One descriptor per message, datagrams", "The same.", "bare")
	write_table("one-seqpacket", "One descriptor per message, seqpacket",
		"The same; `ferry_prepare` asks for credentials here, which tell an empty message from the end: `bare-creds` does too.", "bare")
	write_table("many-stream", "As many as a message takes, stream",
		"The same, with 253 in a message (libwayland 20, usocket 64; libowfat, libuv and Perl one).", "bare-range")
	write_table("many-dgram", "As many as a message takes, datagrams", "The same.", "bare-range")
	write_table("many-seqpacket", "As many as a message takes, seqpacket", "The same.", "bare-range")
	write_table("flow-2", "One way between two processes",
		"One descriptor per message; the sender on one core, the receiver on another; the time of one.", "bare")
	write_table("trip-1", "Round trip on one core",
		"Two processes: a descriptor there and one back, each received and closed; the time of both.", "bare")
	write_table("trip-2", "Round trip on two cores",
		"The same, a core each. Those with `spin` ask again and again instead of sleeping.", "bare")
	write_table("threads", "Into a process with threads",
		"1,000 descriptors received and kept by a new process with four more threads; the time of one.", "bare")
	write_table("queue-one", "Memory of a queue, one descriptor per message",
		"Of the kernel and of the sending library, for each descriptor in the queue.", "bare")
	write_table("queue-many", "Memory of a queue, as many as a message takes", "The same.", "bare")
	write_store_tables()
	write_bars("one-stream", 1000, 1, 4)
	write_bars("many-stream", 1, 0, 5)
	write_bars("trip-1", 1000, 1, 4)
	write_bars("trip-2", 1000, 1, 2.5)
	write_bars("threads", 1000, 1, 1.5)
}
