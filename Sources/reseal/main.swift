internal import Glibc
internal import ResealCore
internal import ResealSealing

// A full disk and a reader that went away come back as errors of the call, not as a signal that ends the process.
signal(SIGXFSZ, SIG_IGN)
signal(SIGPIPE, SIG_IGN)
ProcessProtection.forbidDumps()
umask(0o077)
StandardStreams.occupy()

exit(await CommandRunner.run())
