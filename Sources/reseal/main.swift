internal import CMalloc
internal import Glibc
internal import ResealCore
internal import ResealSealing

// A full disk and a reader that went away come back as errors of the call, not as a signal that ends the process.
signal(SIGXFSZ, SIG_IGN)
signal(SIGPIPE, SIG_IGN)
ProcessProtection.forbidDumps()
_ = InheritedState.caller
// The buffers of thousands of manifests come and go. By default the C library gives their pages back to the system each time,
// only to ask for them again.
mallopt(M_MMAP_THRESHOLD, 4 << 20)
mallopt(M_TRIM_THRESHOLD, 64 << 20)
mallopt(M_TOP_PAD, 1 << 20)
// What is freed in one arena is of no use to threads of another, and by default there may be eight for each processor.
mallopt(M_ARENA_MAX, Int32(clamping: sysconf(Int32(_SC_NPROCESSORS_ONLN))))
StandardStreams.occupy()

exit(await CommandRunner.run())
