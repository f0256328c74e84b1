/* SPDX-License-Identifier: MIT
 * main.c - feeds files to a fuzz target without libFuzzer: its corpus, or those that are named.  TAP. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES 65536

static int number;

static void feed(const char *path)
{
	static unsigned char bytes[MOST_BYTES];
	FILE *file = fopen(path, "rb");
	unsigned char *copy;
	size_t n;

	if (file == NULL) {
		printf("not ok %d - %s cannot be read\n", ++number, path);
		return;
	}
	n = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	/* Its exact size, so that a sanitizer sees who reads beyond it. */
	copy = malloc(n > 0 ? n : 1);
	if (copy == NULL)
		abort();
	memcpy(copy, bytes, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	printf("ok %d - %s\n", ++number, path);
	fflush(stdout); /* the next one may end the program */
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int n;

	for (int i = 1; i < argc; i++)
		feed(argv[i]);
	if (argc == 1) {
		n = scandir(CORPUS, &entries, is_visible, alphasort);
		if (n <= 0) {
			printf("Bail out! no corpus in " CORPUS "\n");
			return 1;
		}
		for (int i = 0; i < n; i++) {
			char path[600];

			snprintf(path, sizeof(path), CORPUS "/%s", entries[i]->d_name);
			feed(path);
			free(entries[i]);
		}
		free(entries);
	}
	printf("1..%d\n", number);
	return 0;
}
