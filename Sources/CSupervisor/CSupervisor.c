#define _GNU_SOURCE
#include "CSupervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t report_pipe = -1;

static void report(int number, siginfo_t *info, void *context) {
    (void)context;
    if (number != SIGCHLD && info->si_code > 0) return;
    const int before = errno;
    const unsigned char byte = (unsigned char)number;
    // A full pipe means that the reader has enough to do.
    if (write((int)report_pipe, &byte, 1) < 0) errno = before;
    errno = before;
}

int reseal_report_signals(const int *numbers, int count, int pipe) {
    struct sigaction action = {.sa_sigaction = report, .sa_flags = SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP};
    sigemptyset(&action.sa_mask);
    report_pipe = pipe;
    if (sigaction(SIGCHLD, &action, NULL) != 0) return errno;
    for (int i = 0; i < count; i++) {
        struct sigaction present;
        if (sigaction(numbers[i], NULL, &present) != 0) return errno;
        if (!(present.sa_flags & SA_SIGINFO) && present.sa_handler == SIG_IGN) continue;
        if (sigaction(numbers[i], &action, NULL) != 0) return errno;
    }
    return 0;
}

pid_t reseal_start_child(const char *path, char *const argv[], char *const envp[], mode_t mask,
                         const sigset_t *blocked) {
    // Reading from it gives the reason, or nothing when the program was executed, for then the kernel closes it.
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        // Nothing but system calls from here on: other threads of the parent may have held any lock.
        struct sigaction usual = {.sa_handler = SIG_DFL};
        sigaction(SIGPIPE, &usual, NULL);
        sigaction(SIGXFSZ, &usual, NULL);
        sigaction(SIGCHLD, &usual, NULL);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) _exit(127);
        umask(mask);
        sigprocmask(SIG_SETMASK, blocked, NULL);
        execve(path, argv, envp);
        const int reason = errno;
        if (write(ends[1], &reason, sizeof reason) < 0) _exit(126);
        _exit(127);
    }
    int reason = child < 0 ? errno : 0;
    close(ends[1]);
    if (child > 0) {
        ssize_t count;
        do count = read(ends[0], &reason, sizeof reason);
        while (count < 0 && errno == EINTR);
        if (count != (ssize_t)sizeof reason) reason = 0;
        if (reason != 0) while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
    close(ends[0]);
    errno = reason;
    return reason != 0 ? -1 : child;
}
