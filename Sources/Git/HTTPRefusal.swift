internal import ResealCore
internal import ResealHTTP

/// What answers and failures of HTTP mean for Git.
enum HTTPRefusal {
    static func judging(_ error: any Error, _ display: String) -> GitFailure {
        guard let error = error as? HTTPFailure else {
            // A file of the settings: its certificates cannot be read.
            let failure = error as? any UserFacingFailure
            return GitFailure(
                .tls, "no TLS connection to \(display): \(failure?.message ?? "\(type(of: error))")",
                hint: failure?.hint ?? "check the certificates of the settings")
        }
        let said = GitText.cleaned(error.message)
        return switch error.kind {
        case .invalidAddress: GitFailure(.invalidLocation, "\(display) cannot be used: \(said)", hint: error.hint)
        case .tls, .settings: GitFailure(.tls, "no TLS connection to \(display): \(said)", hint: error.hint)
        case .timeout: GitFailure(.timeout, "no answer from \(display): \(said)", hint: "check the server")
        case .tooLarge: GitFailure(.tooLarge, "\(display): \(said)", hint: error.hint)
        case .cancelled: GitFailure(.cancelled, "\(display): \(said)")
        case .unreachable, .proxy, .connectionLost:
            GitFailure(.unreachable, "cannot reach \(display): \(said)", hint: error.hint)
        }
    }

    /// Of an answer that is no success.
    static func judging(
        _ head: WebHead, _ request: TransportRequest, _ display: String, hasLogin: Bool
    ) -> GitFailure {
        switch head.status {
        case 401, 403:
            GitFailure(
                .authentication,
                "\(display) \(hasLogin ? "refused the token" : "lets nobody in") (HTTP \(head.status))",
                hint: "check that the token is valid and may \(request.right) this repository")
        case 404, 410:
            GitFailure(
                .remoteNotFound, "\(display) gives no repository (HTTP \(head.status))",
                hint: "check the address, and that the credentials may \(request.right) it")
        case 300...399:
            GitFailure(
                .unreachable, "\(display) redirects in the middle of the conversation (HTTP \(head.status))",
                hint: "give the address that it redirects to")
        case 413:
            GitFailure(.tooLarge, "\(display) does not take so much at once (HTTP 413)", hint: "ask the server's owner")
        default:
            GitFailure(
                .unreachable, "\(display) answers with HTTP status \(head.status)",
                hint: "try again later; if it stays so, ask the server's owner")
        }
    }

    static func isGit(_ head: WebHead, _ expected: String) -> Bool { contentType(head) == expected }

    /// A page for people, such as that of a proxy or a login, comes with another type.
    static func noGit(_ head: WebHead, _ display: String) -> GitFailure {
        let type = contentType(head)
        let shown = type.isEmpty ? "without a type" : "with \(GitText.cleaned(String(type.prefix(80))))"
        return GitFailure(
            .nonsense, "\(display) answers \(shown), which is not Git's protocol",
            hint: "check the address; a proxy or a login page may be answering in the server's place")
    }

    private static func contentType(_ head: WebHead) -> String {
        (head.header("content-type") ?? "").prefix { $0 != ";" && $0 != " " }.lowercased()
    }
}
