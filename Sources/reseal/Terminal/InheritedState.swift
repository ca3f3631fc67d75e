internal import Glibc

/// What the caller gave this process, and a program that it starts for him is to get too. Taken before anything of it is
/// changed and before there are threads.
struct InheritedState: Sendable {
    /// The permissions that new files do not get.
    let umask: mode_t
    /// The signals that were blocked.
    let blocked: sigset_t

    static let caller = InheritedState()

    private init() {
        var blocked = sigset_t()
        sigemptyset(&blocked)
        pthread_sigmask(SIG_SETMASK, nil, &blocked)
        self.blocked = blocked
        // Only setting it tells what it was.
        umask = Glibc.umask(0o077)
    }

    /// Puts it back in force for this thread and this process.
    func restore() {
        var blocked = blocked
        pthread_sigmask(SIG_SETMASK, &blocked, nil)
        _ = Glibc.umask(umask)
        for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_DFL) }
    }
}
