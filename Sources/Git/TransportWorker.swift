internal import CLibGit2
internal import Glibc
internal import ResealCore

/// The body of the child process that ``TransportRunner`` starts.
package enum GitTransportWorker {
    /// Reads one request from `input`, does it, and reports on `output`. Answers the exit status.
    package static func run(input: Int32 = 0, output: Int32 = 1) -> Int32 {
        // First of all: nothing of this process may outlive the one that asked.
        guard reseal_die_with_parent() == 0 else { return 70 }
        signal(SIGPIPE, SIG_IGN)
        guard let request = TransportRequest(reading: input), getppid() == request.parent else { return 64 }
        let session = TransportSession(request, output: output)
        do {
            if let push = request.push {
                session.report(.pushed(try session.push(push)))
            } else {
                try session.fetch()
                session.report(.done)
            }
            return 0
        } catch {
            session.report(.failure(error))
            return 1
        }
    }
}
