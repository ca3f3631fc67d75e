// Swift imports neither variadic functions nor function-like macros; these wrappers stand in for the ones we call.
#pragma once
#include <git2.h>
#include <git2/sys/credential.h>
#include <git2/sys/odb_backend.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

static inline int reseal_git_set_owner_validation(int enabled) {
    return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}

static inline int reseal_git_set_search_path(int level, const char *path) {
    return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, path);
}

static inline int reseal_git_set_cache_max_bytes(ssize_t bytes) {
    return git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, bytes);
}

static inline int reseal_git_set_cache_object_limit(git_object_t type, size_t bytes) {
    return git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, type, bytes);
}

static inline int reseal_git_set_mapped_limit(size_t bytes) {
    return git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, bytes);
}

static inline int reseal_git_set_window_size(size_t bytes) {
    return git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, bytes);
}

static inline int reseal_git_set_extensions(const char **names, size_t count) {
    return git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, names, count);
}

static inline int reseal_git_set_pack_max_object_bytes(size_t bytes) {
    return git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, bytes);
}

static inline int reseal_git_set_fsync(int enabled) {
    return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, enabled);
}

static inline int reseal_git_set_ca_file(const char *file) {
    return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, NULL);
}

// The kernel kills this process as soon as the thread that started it is gone.
static inline int reseal_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }

// In glibc since 2.34, but declared under _GNU_SOURCE only, which a module cannot set for the headers it shares.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// Declared under _GNU_SOURCE only, likewise.
extern int syncfs(int fd);

// Starts `path` with `input` and `output` as its standard input and output, `error` (unless negative) as its standard
// error, `extra` (unless negative) as its descriptor 3, no other descriptor, and no signal blocked or ignored; as the
// leader of a new process group if `own_group`. 0, or an error number.
static inline int reseal_spawn(pid_t *child, const char *path, char *const argv[], char *const envp[], int input,
                               int output, int error, int extra, int own_group) {
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
        (status = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (status = posix_spawnattr_setsigdefault(&attributes, &all)) == 0 &&
        (status = posix_spawnattr_setpgroup(&attributes, 0)) == 0 &&
        (status = posix_spawnattr_setflags(&attributes, flags)) == 0)
        status = posix_spawn(child, path, &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return status;
}
