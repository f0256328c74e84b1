# bench.mk - builds the benchmark from the peers that are installed; included by the Makefile.

BENCH_PEERS := bare fdferry
BENCH_SOURCES := $(filter-out bench/peer_%,$(wildcard bench/*.c)) $(BENCH_PEERS:%=bench/peer_%.c)
BENCH_OBJECTS := $(BENCH_SOURCES:%.c=$(BUILD)/%.o)

$(BUILD)/bench/%.o: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) -Iinclude $(BENCH_CFLAGS_$(*:peer_%=%)) -c -o $@ $<

$(BUILD)/bench/bench: $(BENCH_OBJECTS) $(BUILD)/libfdferry.a
	$(CC) $(FERRY_CFLAGS) $(FERRY_LDFLAGS) -o $@ $^ $(BENCH_LIBS)

-include $(BENCH_OBJECTS:.o=.d)

# Some of it, shown: make bench-show SCENARIOS='one-stream many-stream' BENCH='--rounds 61'
.PHONY: bench-show
bench-show: $(BUILD)/bench/bench
	@$< $(BENCH) $(SCENARIOS) | awk -f bench/quartiles.awk -f bench/table.awk
