internal import CLibGit2
internal import ResealCore
internal import ResealSealing

extension TransportSession {
    /// Lends callbacks that hold an unowned pointer to this session.
    func withCallbacks(_ body: (git_remote_callbacks) throws(GitFailure) -> Void) throws(GitFailure) {
        var callbacks = git_remote_callbacks()
        try git(
            "cannot prepare the callbacks",
            git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION)))
        callbacks.payload = Unmanaged.passUnretained(self).toOpaque()
        callbacks.transport = { out, remote, payload in
            guard let session = TransportSession.borrowed(payload) else { return GIT_EUSER.rawValue }
            return session.openTransport(out, for: remote)
        }
        callbacks.credentials = { out, _, userInURL, allowed, payload in
            guard let session = TransportSession.borrowed(payload) else { return GIT_EUSER.rawValue }
            return session.offer(out, user: userInURL.map { String(cString: $0) }, allowed: allowed)
        }
        callbacks.certificate_check = { certificate, isValid, _, payload in
            guard let session = TransportSession.borrowed(payload), let certificate else { return GIT_EUSER.rawValue }
            return session.judge(certificate, isValid: isValid == 1)
        }
        callbacks.transfer_progress = { stats, payload in
            guard let session = TransportSession.borrowed(payload), let stats else { return GIT_EUSER.rawValue }
            return session.received(stats.pointee) ? 0 : GIT_EUSER.rawValue
        }
        callbacks.push_update_reference = { reference, refusal, payload in
            guard let session = TransportSession.borrowed(payload), let reference else { return GIT_EUSER.rawValue }
            session.answers[GitText.decoded(reference)] = GitText.decoded(refusal)
            return 0
        }
        callbacks.sideband_progress = { text, count, payload in
            guard let session = TransportSession.borrowed(payload), let text else { return GIT_EUSER.rawValue }
            session.keep(UnsafeRawBufferPointer(start: text, count: Int(max(0, count))))
            return 0
        }
        defer { withExtendedLifetime(self) {} }
        try body(callbacks)
    }

    private static func borrowed(_ payload: UnsafeMutableRawPointer?) -> TransportSession? {
        payload.map { Unmanaged<TransportSession>.fromOpaque($0).takeUnretainedValue() }
    }

    private func refuse(_ kind: GitFailure.Kind, _ message: String, hint: String) -> Int32 {
        found = GitFailure(kind, message, hint: hint)
        return (kind == .authentication ? GIT_EAUTH : GIT_ECERTIFICATE).rawValue
    }

    // MARK: The way

    /// Ours for SSH, and libgit2's own for everything else.
    private func openTransport(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_transport>?>?, for remote: OpaquePointer?
    ) -> Int32 {
        guard let place = try? GitLocation(parsing: request.location), place.transport == .ssh else {
            return git_transport_new(out, remote, request.location)
        }
        let subtransport = Subtransport(SSHCarrier(place, request), of: self)
        self.subtransport = subtransport
        return subtransport.open(out, for: remote)
    }

    // MARK: Who we are

    /// libgit2 asks again after each refusal, without an end; each credential is offered once.
    private func offer(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, user: String?, allowed: UInt32
    ) -> Int32 {
        guard allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0 else {
            return refuse(
                .authentication, "\(display) asks for a kind of login that is not supported",
                hint: "use an SSH key, or a token over HTTPS")
        }
        return offerToken(out, user: user ?? request.credentials.username ?? "x-access-token")
    }

    private func offerToken(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, user: String
    ) -> Int32 {
        guard let token = request.credentials.token else {
            return refuse(
                .authentication, "\(display) asks for a login", hint: "give a token that may \(request.right) it")
        }
        guard request.isPrivate else {
            return refuse(
                .authentication, "\(display) asks for a login over a connection that anyone can read",
                hint: "use https://; a token is never sent in the clear")
        }
        defer { hasOfferedToken = true }
        guard !hasOfferedToken else {
            return refuse(
                .authentication, "\(display) refused the token",
                hint: "check that the token is valid and may \(request.right) this repository")
        }
        return token.withCString { git_credential_userpass_plaintext_new(out, user, $0) }
    }

    // MARK: Who they are

    private func judge(_ certificate: UnsafeMutablePointer<git_cert>, isValid: Bool) -> Int32 {
        // Returning 0 would accept it whatever libgit2 found.
        guard !isValid else { return 0 }
        return refuse(
            .tls, "the certificate of \(request.host ?? display) cannot be trusted",
            hint: "if the server has a certificate of your own authority, give that authority's file; "
                + "the address must be a name that the certificate holds")
    }
}

extension SecretBytes {
    /// Lends the bytes with a zero byte behind them, in protected memory.
    fileprivate func withCString<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        let terminated = SecretBytes(count: count + 1) { copy in withUnsafeBytes { copy.copyMemory(from: $0) } }
        return terminated.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                guard let base = text.baseAddress else {
                    preconditionFailure("a secret with a zero byte has an address")
                }
                return body(base)
            }
        }
    }
}
