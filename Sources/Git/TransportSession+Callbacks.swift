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

    // MARK: Who we are

    /// libgit2 asks again after each refusal, without an end; each credential is offered once.
    private func offer(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, user: String?, allowed: UInt32
    ) -> Int32 {
        let user = user ?? request.credentials.username
        if allowed & GIT_CREDENTIAL_USERNAME.rawValue != 0 { return git_credential_username_new(out, user ?? "git") }
        if allowed & GIT_CREDENTIAL_SSH_KEY.rawValue != 0 { return offerSSHKey(out, user: user ?? "git") }
        if allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0, !request.location.contains("ssh://"),
            request.host != nil,
            !hasSeenHostKey
        {
            return offerToken(out, user: user ?? "x-access-token")
        }
        return refuse(
            .authentication, "\(display) asks for a kind of login that is not supported",
            hint: "use an SSH key, or a token over HTTPS")
    }

    private func offerToken(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, user: String
    ) -> Int32 {
        guard let token = request.credentials.token else {
            return refuse(.authentication, "\(display) asks for a login", hint: "give a token that may \(right) it")
        }
        guard request.isPrivate else {
            return refuse(
                .authentication, "\(display) asks for a login over a connection that anyone can read",
                hint: "use https://; a token is never sent in the clear")
        }
        guard offered.insert(.token).inserted else {
            return refuse(
                .authentication, "\(display) refused the token",
                hint: "check that the token is valid and may \(right) this repository")
        }
        return token.withCString { git_credential_userpass_plaintext_new(out, user, $0) }
    }

    private func offerSSHKey(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, user: String
    ) -> Int32 {
        if let file = request.credentials.sshKeyFile, offered.insert(.keyFile).inserted {
            do {
                try AtomicFile.requirePrivate(file)
            } catch {
                return refuse(
                    .authentication, "the SSH key cannot be used: \(error.message)",
                    hint: error.hint ?? "check the path")
            }
            guard let passphrase = request.credentials.sshKeyPassphrase else {
                return git_credential_ssh_key_new(out, user, nil, file, nil)
            }
            return passphrase.withCString { git_credential_ssh_key_new(out, user, nil, file, $0) }
        }
        if request.credentials.useAgent, offered.insert(.agent).inserted {
            return git_credential_ssh_key_from_agent(out, user)
        }
        guard !offered.isEmpty else {
            return refuse(
                .authentication, "\(display) asks for an SSH key, and none is configured",
                hint: "give a key file, or allow the SSH agent")
        }
        return refuse(
            .authentication, "\(display) refused the SSH key of user `\(GitText.cleaned(user))`",
            hint:
                "check that the public key is registered there; RSA keys do not work with current servers, Ed25519 does"
        )
    }

    // MARK: Who they are

    private func judge(_ certificate: UnsafeMutablePointer<git_cert>, isValid: Bool) -> Int32 {
        if certificate.pointee.cert_type == GIT_CERT_HOSTKEY_LIBSSH2 {
            return certificate.withMemoryRebound(to: git_cert_hostkey.self, capacity: 1) { judge($0.pointee) }
        }
        // Returning 0 would accept it whatever libgit2 found.
        guard !isValid else { return 0 }
        return refuse(
            .tls, "the certificate of \(request.host ?? display) cannot be trusted",
            hint: "if the server has a certificate of your own authority, give that authority's file; "
                + "the address must be a name that the certificate holds")
    }

    private func judge(_ shown: git_cert_hostkey) -> Int32 {
        hasSeenHostKey = true
        let host = request.host ?? ""
        let port = request.port ?? KnownHosts.standardPort
        let address = port == KnownHosts.standardPort ? host : "[\(host)]:\(port)"
        guard shown.type.rawValue & GIT_CERT_SSH_RAW.rawValue != 0, let bytes = shown.hostkey,
            let key = HostKey(Array(UnsafeRawBufferPointer(start: bytes, count: shown.hostkey_len)))
        else { return refuse(.hostKey, "\(address) shows no key that can be read", hint: "check the server") }
        let knownHosts = knownHosts ?? KnownHosts(parsing: "")
        let name = "\(key.type) key \(key.fingerprint)"
        switch knownHosts.verdict(on: key, of: host, port: port) {
        case .trusted: return 0
        case .unknown:
            let listed = knownHosts.keys(of: host, port: port).map(\.type)
            let others = listed.isEmpty ? "" : "; only \(listed.joined(separator: ", ")) is listed"
            return refuse(
                .hostKey, "the \(name) of \(address) is not in \(knownHostsName)\(others)",
                hint: "compare it with what the server's owner publishes, then add it: "
                    + "ssh-keyscan -t \(Self.scanName(of: key.type)) -p \(port) \(host) >> known_hosts")
        case .changed:
            return refuse(
                .hostKey, "\(address) shows the \(name), which differs from the one in \(knownHostsName)",
                hint: "someone may be listening in; only if its owner confirms the new key, replace the old line "
                    + "(ssh-keygen -R '\(address)')")
        case .revoked:
            return refuse(
                .hostKey, "the \(name) of \(address) is marked as revoked in \(knownHostsName)",
                hint: "do not connect before its owner has given it a new key")
        }
    }

    private static func scanName(of type: String) -> String {
        type.hasPrefix("ecdsa") ? "ecdsa" : (type.hasPrefix("ssh-") ? String(type.dropFirst(4)) : type)
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
