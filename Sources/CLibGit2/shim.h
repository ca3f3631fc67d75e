// Swift imports neither variadic functions nor function-like macros; these wrappers stand in for the ones we call.
#pragma once
#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/transport.h>
#include <signal.h>
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

// What libgit2's smart transport talks to, each with the object that answers for it behind.
typedef struct {
    git_smart_subtransport parent;
    void *owner;
} reseal_git_subtransport;

typedef struct {
    git_smart_subtransport_stream parent;
    void *owner;
} reseal_git_stream;

// The kernel kills this process as soon as the thread that started it is gone.
static inline int reseal_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }

// Declared under _GNU_SOURCE only, which a module cannot set for the headers it shares.
extern int syncfs(int fd);
