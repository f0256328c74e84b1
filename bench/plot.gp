# SPDX-License-Identifier: MIT
# plot.gp - the plots: gnuplot -e "in='DIRECTORY'; out='DIRECTORY'" bench/plot.gp
#
# A bar each: ours, the bare calls, the others; what is cut off has its number in the bar.
set style fill solid
set border 0
unset key
unset xtics
set ytics scale 0 nomirror
set lmargin 13
set rmargin 6
set tmargin 4
set bmargin 1
set yrange [0.3:*]
colour(kind) = kind == 1 ? 0xd9480f : kind == 2 ? 0x343a40 : 0xa5b4c4
# A function of the file: one panel.
bars(name) = in . '/plot-' . name . '.tsv'
panel = "plot bars(name) using (0):1:(0):3:($1-0.38):($1+0.38):(colour($5)):ytic(2) with boxxyerror lc rgb variable, \
	'' using ($6 == 1 ? 1/0 : $3):1:4 with labels left offset 0.6,0, \
	'' using ($6 == 1 ? $3 : 1/0):1:(sprintf('%s >', stringcolumn(4))) with labels right offset -0.6,0 tc rgb '#1a1a1a'"

set terminal svg size 900,400 font 'sans-serif,13' background '#ffffff'
set output out . '/bench-messages.svg'
set multiplot layout 1,2
set title "One descriptor per message\n{/*0.85 microseconds each, sent, received and closed; less is better}"
name = 'one-stream'
@panel
set title "As many as a message takes\n{/*0.85 nanoseconds each, sent, received and closed; less is better}"
name = 'many-stream'
@panel
unset multiplot

set terminal svg size 1200,400 font 'sans-serif,13' background '#ffffff'
set output out . '/bench-latency.svg'
set multiplot layout 1,3
set title "Round trip on one core\n{/*0.85 microseconds, less is better}"
name = 'trip-1'
@panel
set title "Round trip on two cores\n{/*0.85 microseconds, less is better}"
name = 'trip-2'
@panel
set title "1,000 into a process with threads\n{/*0.85 microseconds each, less is better}"
name = 'threads'
@panel
unset multiplot
