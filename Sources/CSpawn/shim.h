// What starting a program needs of the C library and Swift does not import.
#pragma once
#include <signal.h>
#include <spawn.h>
#include <sys/types.h>

// Swift imports the C library without _GNU_SOURCE, behind which these stand.
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// Starts `path` in `folder` with `channel` as its standard input and output and `error` as its standard error, no other
// descriptor, and no signal blocked or ignored. It stays in the caller's process group, so that it may ask at the
// terminal and ends with the caller at Control-C. 0, or an error number.
static inline int reseal_spawn_program(pid_t *child, const char *path, char *const argv[], char *const envp[],
                                       int channel, int error, const char *folder) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int status = posix_spawn_file_actions_init(&actions);
    if (status != 0) return status;
    status = posix_spawnattr_init(&attributes);
    if (status != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return status;
    }
    sigemptyset(&none);
    sigfillset(&all);
    if ((status = posix_spawn_file_actions_adddup2(&actions, error, 2)) == 0 &&
        (status = posix_spawn_file_actions_adddup2(&actions, channel, 0)) == 0 &&
        (status = posix_spawn_file_actions_adddup2(&actions, channel, 1)) == 0 &&
        (status = posix_spawn_file_actions_addclosefrom_np(&actions, 3)) == 0 &&
        (status = posix_spawn_file_actions_addchdir_np(&actions, folder)) == 0 &&
        (status = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (status = posix_spawnattr_setsigdefault(&attributes, &all)) == 0 &&
        (status = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) == 0)
        status = posix_spawn(child, path, &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return status;
}

// Starts `path` in `folder` and in a process group of its own, with these three as its standard streams, no other
// descriptor, and no signal blocked or ignored. 0, or an error number.
static inline int reseal_spawn_group(pid_t *child, const char *path, char *const argv[], char *const envp[], int input,
                                     int output, int error, const char *folder) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int status = posix_spawn_file_actions_init(&actions);
    if (status != 0) return status;
    status = posix_spawnattr_init(&attributes);
    if (status != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return status;
    }
    sigemptyset(&none);
    sigfillset(&all);
    if ((status = posix_spawn_file_actions_adddup2(&actions, input, 0)) == 0 &&
        (status = posix_spawn_file_actions_adddup2(&actions, output, 1)) == 0 &&
        (status = posix_spawn_file_actions_adddup2(&actions, error, 2)) == 0 &&
        (status = posix_spawn_file_actions_addclosefrom_np(&actions, 3)) == 0 &&
        (status = posix_spawn_file_actions_addchdir_np(&actions, folder)) == 0 &&
        (status = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (status = posix_spawnattr_setsigdefault(&attributes, &all)) == 0 &&
        (status = posix_spawnattr_setpgroup(&attributes, 0)) == 0 &&
        (status = posix_spawnattr_setflags(
             &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP)) == 0)
        status = posix_spawn(child, path, &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return status;
}
