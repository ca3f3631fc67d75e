internal import CLibGit2
internal import ResealCore

extension TransportSession {
    /// Makes a failure of what libgit2 says. Its codes do not tell much about the network, so the class of the error
    /// and what carried the bytes decide.
    func failure(_ status: Int32) -> GitFailure {
        if let found { return found }
        let last = git_error_last()
        let text = last?.pointee.message.map { GitText.cleaned(String(cString: $0)) } ?? "status \(status)"
        let reason = GitText.cleaned(String(text.prefix(300))).trimmingSuffixSpaces()
        switch git_error_t(UInt32(bitPattern: last?.pointee.klass ?? 0)) {
        case GIT_ERROR_NET where reason.hasPrefix("remote error:"): return notFound(reason)
        // What goes wrong below the protocol, our own carriers have told.
        case GIT_ERROR_NET where subtransport != nil:
            return GitFailure(
                .nonsense, "what \(display) says is not Git's protocol: \(reason)",
                hint: "check the address; something else may be answering in the server's place")
        case GIT_ERROR_NET, GIT_ERROR_OS:
            return request.host == nil ? notFound(reason) : unreachable(reason)
        case GIT_ERROR_REPOSITORY where request.host == nil: return notFound(reason)
        default: return LibGit2.failure(status, "cannot \(request.push == nil ? "fetch" : "push to") \(display)")
        }
    }

    private func notFound(_ reason: String) -> GitFailure {
        GitFailure(
            .remoteNotFound, "\(display) gives no repository: \(reason)",
            hint: "check the address, and that the credentials may \(request.right) it")
    }

    private func unreachable(_ reason: String) -> GitFailure {
        GitFailure(.unreachable, "cannot reach \(display): \(reason)", hint: "check the address and the network")
    }
}

extension String {
    fileprivate func trimmingSuffixSpaces() -> String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
