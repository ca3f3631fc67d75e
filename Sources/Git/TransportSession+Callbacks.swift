internal import CLibGit2
internal import ResealCore

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

    /// Ours for SSH and HTTP, and libgit2's own where it waits for a file or for `git://`.
    private func openTransport(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_transport>?>?, for remote: OpaquePointer?
    ) -> Int32 {
        do throws(GitFailure) {
            guard let carrier = try carrier() else { return git_transport_new(out, remote, request.location) }
            let subtransport = Subtransport(carrier, of: self)
            self.subtransport = subtransport
            return subtransport.open(out, for: remote)
        } catch {
            found = error
            return GIT_EUSER.rawValue
        }
    }

    private func carrier() throws(GitFailure) -> (any Carrier)? {
        let place = try GitLocation(parsing: request.location)
        return switch place.transport {
        case .ssh: SSHCarrier(place, request)
        case .https, .http: try HTTPCarrier(place, request)
        case .path, .file, .git: nil
        }
    }
}
