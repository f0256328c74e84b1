/* SPDX-License-Identifier: MIT
 *
 * init.c - the first and only process of a machine that exists to run test programs.
 *
 * boot.sh puts it into an initramfs as /init, beside /modules/NAME.ko and the static programs in
 * /tests.  It mounts what they ask for, runs them one after the other and switches the machine off.
 * What they print goes to the terminal $REPORT (a word of the kernel's command line), for the console
 * is where the kernel talks; each is followed by a line "# ended STATUS NAME" (as wait(2) has it), and
 * all by "# the end".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void complain(const char *what, const char *name)
{
	printf("# init: %s %s: %s\n", what, name, strerror(errno));
}

static void mount_on(const char *type, const char *where, const char *options)
{
	if (mkdir(where, 0755) < 0 && errno != EEXIST)
		complain("mkdir", where);
	if (mount(type, where, type, 0, options) < 0)
		complain("mount", where);
}

static void report_to(const char *tty)
{
	struct termios t;
	int fd = tty == NULL ? -1 : open(tty, O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	if (tcgetattr(fd, &t) == 0) {
		cfmakeraw(&t); /* no CR before NL */
		tcsetattr(fd, TCSANOW, &t);
	}
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		complain("set up", "lo");
	if (fd >= 0)
		close(fd);
}

static void load(const char *module)
{
	int fd = open(module, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
		complain("load", module);
	if (fd >= 0)
		close(fd);
}

static void run(const char *program)
{
	int status = -1;
	pid_t ended, pid = fork();

	if (pid == 0) {
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	/* The orphans of a test come here too. */
	do {
		int how = 0;

		ended = wait(&how);
		if (ended == pid)
			status = how;
	} while (ended > 0 && ended != pid);
	printf("# ended %d %s\n", status, program);
}

/* Calls f for each file in the directory, in the order of their names. */
static void each(const char *directory, void (*f)(const char *))
{
	struct dirent **entries;
	int n = scandir(directory, &entries, NULL, alphasort);

	if (n < 0)
		complain("read", directory);
	for (int i = 0; i < n; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			f(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

int main(void)
{
	struct rlimit files = {1024, 524288}; /* what systemd gives */
	struct utsname u;

	mount_on("devtmpfs", "/dev", NULL);
	mount_on("devpts", "/dev/pts", "ptmxmode=666");
	report_to(getenv("REPORT"));
	setvbuf(stdout, NULL, _IOLBF, 0);
	mount_on("proc", "/proc", NULL);
	mount_on("sysfs", "/sys", NULL);
	mount_on("securityfs", "/sys/kernel/security", NULL);
	mount_on("tmpfs", "/tmp", "mode=1777");
	mount_on("tmpfs", "/dev/shm", "mode=1777");
	loopback_up();
	each("/modules", load);
	setrlimit(RLIMIT_NOFILE, &files);
	setenv("PATH", "/bin", 1);
	setenv("HARNESS_SLOWER", "6", 1); /* emulated, and by one processor */
	umask(022);
	if (uname(&u) == 0)
		printf("# kernel %s %s\n", u.release, u.machine);
	each("/tests", run);
	printf("# the end\n");
	tcdrain(1);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
