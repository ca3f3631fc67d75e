// What watching over a child needs and Swift must not do: code in signal handlers, and between fork and exec.
#pragma once
#include <signal.h>
#include <sys/types.h>

// From now on each of these signals is written to `pipe`, one byte with its number. Left out is what the kernel sends to a
// whole process group, as at Control-C: the child, being in it, gets that itself. So is a signal that the caller ignores.
// SIGCHLD is always written. 0, or an error number.
int reseal_report_signals(const int *numbers, int count, int pipe);

// Starts `path` in the caller's process group, with its standard streams and whatever else it left open for others, and with
// the umask and the blocked signals given. The kernel ends it (SIGTERM) when the thread that started it is gone. Below
// zero with `errno` where it cannot be started.
pid_t reseal_start_child(const char *path, char *const argv[], char *const envp[], mode_t mask, const sigset_t *blocked);
