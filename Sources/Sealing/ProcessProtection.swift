internal import COpenSSL
internal import Glibc

/// What a process does once, so that its memory stays its own.
package enum ProcessProtection {
    /// No core dump may hold a secret: neither a file, which the limit forbids, nor one that goes to a program, which
    /// only the second call does. A process that cannot be dumped cannot be looked into by others of the same user.
    package static func forbidDumps() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = reseal_forbid_dumps()
    }
}
