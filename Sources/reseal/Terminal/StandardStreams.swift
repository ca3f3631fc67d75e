internal import Glibc

/// The three standard streams as the caller left them.
enum StandardStreams {
    /// Occupies the numbers of streams that the caller closed. Otherwise the next file to be opened, which may be the
    /// vault's, would get the number and take everything that is said to a stream.
    ///
    /// What takes their place can be used for nothing: reading and writing fail as they do on a closed stream.
    static func occupy() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            let mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY
            // The lowest free number is this one: those below are in use.
            _ = open("/dev/null", mode)
        }
    }
}
