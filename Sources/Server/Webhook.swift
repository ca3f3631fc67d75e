internal import ResealCore
package import ResealSealing
internal import Synchronization

/// A push webhook of a Git host. It only says that there may be something new; nothing in it is believed.
package struct Webhook: Sendable {
    /// Shared with the host. GitHub and Gitea sign with it, GitLab sends it.
    private let secret: SecretBytes

    package init(secret: SecretBytes) { self.secret = secret }

    package enum Verdict: Sendable, Hashable {
        case accepted
        /// Signed, but no push: a ping, for example.
        case ignored
        case refused
    }

    /// - Parameter header: gives a header by its lower-case name.
    package func judge(body: [UInt8], header: (String) -> String?) -> Verdict {
        guard isGenuine(body, header) else { return .refused }
        let event = header("x-gitea-event") ?? header("x-github-event") ?? header("x-gitlab-event")
        return event.map { Self.pushes.contains($0.lowercased()) } ?? true ? .accepted : .ignored
    }

    private static let pushes: Set<String> = ["push", "push hook", "tag push hook", "system hook", "create", "delete"]

    /// Whether there is anything that could be genuine, whatever the body turns out to be.
    static func isSigned(_ header: (String) -> String?) -> Bool {
        ["x-hub-signature-256", "x-gitea-signature", "x-gitlab-token"].contains { header($0) != nil }
    }

    private func isGenuine(_ body: [UInt8], _ header: (String) -> String?) -> Bool {
        if let signature = header("x-hub-signature-256") {
            return signature.hasPrefix("sha256=") && isSignature(signature.dropFirst("sha256=".count), of: body)
        }
        if let signature = header("x-gitea-signature") { return isSignature(signature[...], of: body) }
        if let token = header("x-gitlab-token") { return SecretBytes(utf8: token).isEqual(to: secret) }
        return false
    }

    private func isSignature(_ text: Substring, of body: [UInt8]) -> Bool {
        guard let given = Hex.decode(String(text)), let expected = try? HMAC.code(body, key: secret) else {
            return false
        }
        return SecretBytes(given).isEqual(to: SecretBytes(expected))
    }
}

/// Remembers the last deliveries, so that one that was overheard cannot be sent again and again.
package final class SeenDeliveries: Sendable {
    private struct State {
        var order: [Digest256] = []
        var known: Set<Digest256> = []
        var next = 0
    }
    private let state = Mutex(State())
    private let capacity: Int

    package init(capacity: Int = 4096) { self.capacity = capacity }

    /// True the first time.
    package func isNew(_ delivery: Digest256) -> Bool {
        state.withLock { state in
            guard state.known.insert(delivery).inserted else { return false }
            if state.order.count < capacity {
                state.order.append(delivery)
            } else {
                state.known.remove(state.order[state.next])
                state.order[state.next] = delivery
                state.next = (state.next + 1) % capacity
            }
            return true
        }
    }
}
