// What starting a program needs of the C library and Swift does not import.
#pragma once
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/types.h>

// Swift imports the C library without _GNU_SOURCE, behind which these stand.
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// Starts `path` in `folder` (NULL: where the caller is) with `input` and `output` as its standard input and output, `error`
// (unless negative) as its standard error, `extra` (unless negative) as its descriptor 3, no other descriptor, and no signal
// blocked or ignored. As the leader of a new process group if `own_group`; otherwise it stays in the caller's, so that it
// may ask at the terminal and ends with the caller at Control-C. 0, or an error number.
static inline int reseal_spawn(pid_t *child, const char *path, char *const argv[], char *const envp[], int input,
                               int output, int error, int extra, const char *folder, int own_group) {
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
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (own_group) flags |= POSIX_SPAWN_SETPGROUP;
    if ((status = posix_spawn_file_actions_adddup2(&actions, input, 0)) == 0 &&
        (status = posix_spawn_file_actions_adddup2(&actions, output, 1)) == 0 &&
        (error < 0 || (status = posix_spawn_file_actions_adddup2(&actions, error, 2)) == 0) &&
        (extra < 0 || (status = posix_spawn_file_actions_adddup2(&actions, extra, 3)) == 0) &&
        (status = posix_spawn_file_actions_addclosefrom_np(&actions, extra < 0 ? 3 : 4)) == 0 &&
        (folder == NULL || (status = posix_spawn_file_actions_addchdir_np(&actions, folder)) == 0) &&
        (status = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (status = posix_spawnattr_setsigdefault(&attributes, &all)) == 0 &&
        (status = posix_spawnattr_setpgroup(&attributes, 0)) == 0 &&
        (status = posix_spawnattr_setflags(&attributes, flags)) == 0)
        status = posix_spawn(child, path, &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return status;
}
