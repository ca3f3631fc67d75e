internal import CLibGit2
internal import ResealCore

extension TransportSession {
    /// Makes a failure of what libgit2 says. Its codes do not tell much about the network, so the class of the error,
    /// how far we came and, for HTTP, the status in the text decide.
    func failure(_ status: Int32) -> GitFailure {
        if let found { return found }
        let last = git_error_last()
        let text = last?.pointee.message.map { GitText.cleaned(String(cString: $0)) } ?? "status \(status)"
        let reason = GitText.cleaned(String(text.prefix(300))).trimmingSuffixSpaces()
        switch git_error_code(status) {
        case GIT_EAUTH:
            return GitFailure(.authentication, "\(display) refused the login: \(reason)", hint: "check the credentials")
        case GIT_ECERTIFICATE:
            return GitFailure(.tls, "\(display) cannot be trusted: \(reason)", hint: "check its certificate")
        default: break
        }
        switch git_error_t(UInt32(bitPattern: last?.pointee.klass ?? 0)) {
        case GIT_ERROR_SSL: return GitFailure(.tls, "no TLS connection to \(display): \(reason)", hint: Self.tlsHint)
        case GIT_ERROR_HTTP: return httpFailure(reason)
        case GIT_ERROR_NET where reason.hasPrefix("remote error:"): return notFound(reason)
        case GIT_ERROR_NET where reason.hasPrefix("cannot redirect"): return redirected(reason)
        case GIT_ERROR_NET, GIT_ERROR_OS:
            return request.host == nil ? notFound(reason) : unreachable(reason)
        case GIT_ERROR_REPOSITORY where request.host == nil: return notFound(reason)
        default: return LibGit2.failure(status, "cannot \(request.push == nil ? "fetch" : "push to") \(display)")
        }
    }

    private static let tlsHint =
        "this build speaks TLS 1.2; a server that insists on 1.3 has to allow 1.2 too, or be read over SSH"

    private func notFound(_ reason: String) -> GitFailure {
        GitFailure(
            .remoteNotFound, "\(display) gives no repository: \(reason)",
            hint: "check the address, and that the credentials may \(request.right) it")
    }

    private func redirected(_ reason: String) -> GitFailure {
        GitFailure(
            .unreachable, "\(display) redirects to another host: \(reason)",
            hint: "give the address that it redirects to; redirects to other hosts are not followed")
    }

    private func unreachable(_ reason: String) -> GitFailure {
        GitFailure(.unreachable, "cannot reach \(display): \(reason)", hint: "check the address and the network")
    }

    private func httpFailure(_ reason: String) -> GitFailure {
        switch reason.split(separator: " ").last.flatMap({ Int($0) }) {
        case 401, 403, 407:
            GitFailure(
                .authentication, "\(display) refused the login: \(reason)",
                hint: "check that the token is valid and may \(request.right) this repository")
        case 404, 410: notFound(reason)
        default: unreachable(reason)
        }
    }
}

extension String {
    fileprivate func trimmingSuffixSpaces() -> String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
