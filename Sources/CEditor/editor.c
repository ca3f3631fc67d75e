#define _GNU_SOURCE
#include "CEditor.h"
#include <linux/magic.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <unistd.h>

int reseal_is_in_memory(int folder) {
    struct statfs info;
    if (fstatfs(folder, &info) != 0) return 0;
    return (unsigned int)info.f_type == TMPFS_MAGIC || (unsigned int)info.f_type == RAMFS_MAGIC;
}

int reseal_spawn_guardian(pid_t *child, char *const argv[], char *const envp[], int channel, int nothing) {
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
    if ((status = posix_spawn_file_actions_adddup2(&actions, channel, 0)) == 0 &&
        (status = posix_spawn_file_actions_adddup2(&actions, channel, 1)) == 0 &&
        (status = posix_spawn_file_actions_adddup2(&actions, nothing, 2)) == 0 &&
        (status = posix_spawn_file_actions_addclosefrom_np(&actions, 3)) == 0 &&
        (status = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (status = posix_spawnattr_setsigdefault(&attributes, &all)) == 0 &&
        (status = posix_spawnattr_setflags(
             &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) == 0)
        status = posix_spawn(child, "/proc/self/exe", &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return status;
}

pid_t reseal_start_editor(const char *path, char *const argv[], char *const envp[]) {
    const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ, SIGTSTP, SIGCHLD};
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t none;
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child != 0) return child;
    // Nothing but system calls from here on: other threads of the parent may have held any lock.
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &usual, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGHUP);
    if (getppid() != parent) _exit(127);
    close_range(3, ~0U, 0);
    execve(path, argv, envp);
    _exit(127);
}
