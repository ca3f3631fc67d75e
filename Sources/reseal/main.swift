internal import Glibc
internal import ResealCore

// A full disk and a reader that went away come back as errors of the call, not as a signal that ends the process.
signal(SIGXFSZ, SIG_IGN)
signal(SIGPIPE, SIG_IGN)
// No core dump may hold a secret.
var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)
umask(0o077)
StandardStreams.occupy()

exit(await CommandRunner.run())
