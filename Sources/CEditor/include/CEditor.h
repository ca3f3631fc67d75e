// What an editing session needs of the kernel, and Swift cannot do or does not import.
#pragma once
#include <sys/types.h>

// True if what lies in an open folder is kept in memory: tmpfs or ramfs.
int reseal_is_in_memory(int folder);

// Starts this program once more in a session of its own, with `channel` as its standard input and output, `nothing` as
// its standard error, and no other descriptor. No signal that ends the caller's terminal or process group reaches it.
// 0, or an error number.
int reseal_spawn_guardian(pid_t *child, char *const argv[], char *const envp[], int channel, int nothing);

// Starts `path` at the caller's terminal, in its process group and with its standard streams, no other descriptor, and
// no signal blocked or ignored. The kernel hangs it up as soon as the thread that started it is gone. Below zero with
// `errno` when there is no process; one that cannot be executed ends with status 127.
pid_t reseal_start_editor(const char *path, char *const argv[], char *const envp[]);
