internal import CLibGit2
internal import Glibc
internal import ResealCore
internal import ResealSealing

/// Runs network Git in a child process with a deadline.
///
/// libgit2 1.5 has no timeouts: a peer that accepts and stays silent would hold us for ever. It also parses what
/// strangers send; in the child, a crash over it is an error message.
package struct TransportRunner: Sendable {
    /// The program to start, with one hidden subcommand that calls ``GitTransportWorker``.
    package let executable: String
    /// Called now and then while objects arrive, on the thread of the fetch.
    package var onProgress: (@Sendable (TransportProgress) -> Void)?
    /// Asked ten times a second; `true` ends the fetch with ``GitFailure/Kind/cancelled``.
    package var isCancelled: @Sendable () -> Bool

    package init(
        executable: String = "/proc/self/exe", onProgress: (@Sendable (TransportProgress) -> Void)? = nil,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.executable = executable
        self.onProgress = onProgress
        self.isCancelled = isCancelled
    }

    /// The name of the hidden subcommand.
    package static let subcommand = "git-transport"

    /// What a server, or our own program, says before it takes anything.
    private static let meansNothingArrived: Set<GitFailure.Kind> = [
        .authentication, .hostKey, .unsupported, .toolMissing,
    ]

    /// The only variables that the child gets: what `ssh` and proxies need, and what the tests use.
    private static let inheritedVariables =
        [
            "PATH", "HOME", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "LD_LIBRARY_PATH", "SWIFT_BACKTRACE", "RESEAL_FAULT",
        ] + proxyVariables

    static let proxyVariables = [
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
    ]

    /// Blocks until the child has ended, `deadline` at the latest. The thread that calls must stay alive meanwhile
    /// (it does, being blocked here): the kernel ends the child together with the thread that started it.
    ///
    /// - Returns: what became of a push; `nil` for a fetch.
    @discardableResult
    func run(
        _ request: TransportRequest, until deadline: Deadline, display: String
    ) throws(GitFailure) -> PushOutcome? {
        let child = try TransportChild(executable: executable)
        var isSending = false
        do throws(GitFailure) {
            try child.send(request)
            return try follow(child, until: deadline, display: display, isSending: &isSending)
        } catch {
            guard isSending, !Self.meansNothingArrived.contains(error.kind) else { throw error }
            throw GitFailure(
                .pushUnknown, "\(display) may or may not have taken the commit: \(error.message)",
                hint: "fetch, and see whether the branch contains the commit; pushing again does no harm")
        }
    }

    private func follow(
        _ child: TransportChild, until deadline: Deadline, display: String, isSending: inout Bool
    ) throws(GitFailure) -> PushOutcome? {
        while true {
            if isCancelled() {
                child.kill()
                throw GitFailure(.cancelled, "talking to \(display) was cancelled")
            }
            guard !deadline.hasPassed else {
                child.kill()
                throw deadline.failure(display)
            }
            switch child.nextReport(waiting: min(deadline.remainingMilliseconds, 100)) {
            case .nothingYet: continue
            case .report(.progress(let progress)): onProgress?(progress)
            case .report(.sending): isSending = true
            case .report(.pushed(let outcome)):
                child.finish(until: deadline)
                return outcome
            case .report(.done):
                child.finish(until: deadline)
                return nil
            case .report(.failure(let failure)):
                child.finish(until: deadline)
                throw failure
            case .ended:
                let status = child.finish(until: deadline)
                throw GitFailure(
                    .native, "the child that talks to \(display) ended without a result (\(status))",
                    hint: "try again; if it stays so, look at its output on standard error")
            }
        }
    }

    static func environment() -> [String] {
        inheritedVariables.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    }
}

/// A moment on the monotonic clock that a call must not outlive.
struct Deadline {
    private let span: TimeSpan
    private let end: ContinuousClock.Instant

    init(in span: TimeSpan) {
        self.span = span
        end = .now + .seconds(span.seconds)
    }

    var hasPassed: Bool { ContinuousClock.now >= end }

    var remainingMilliseconds: Int32 {
        let (seconds, attoseconds) = (end - ContinuousClock.now).components
        return Int32(
            clamping: max(
                0, seconds.multipliedReportingOverflow(by: 1000).partialValue + attoseconds / 1_000_000_000_000_000))
    }

    func failure(_ display: String) -> GitFailure {
        GitFailure(
            .timeout, "\(display) did not answer in full within \(span)",
            hint: "check that the server can be reached, or allow more time")
    }
}
