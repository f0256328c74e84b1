/* SPDX-License-Identifier: MIT
 * console.c - what the container runs: it says something to its terminal and repeats what it hears;
 * without a terminal it ends with 7. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	char line[100];

	if (!isatty(STDIN_FILENO))
		return 7;
	puts("from the container");
	if (fgets(line, sizeof(line), stdin) != NULL)
		printf("heard %s", line);
	return 0;
}
