internal import ResealCore
package import ResealSealing

/// A request whose caller has shown nothing but the text of his token yet.
package struct RecallRequest: Sendable {
    package var name: String
    package var token: SecretBytes
    /// The only organization that is asked for; `nil` for any.
    package var organization: String?
    package var caller: Caller

    package init(
        _ name: String, token: SecretBytes, organization: String?, _ caller: Caller
    ) {
        self.name = name
        self.token = token
        self.organization = organization
        self.caller = caller
    }
}

/// A version that may be given out.
package struct RecalledVersion: Sendable {
    private let known: KnownVersion

    fileprivate init(_ known: KnownVersion) { self.known = known }

    package var version: KVVersion { known.version }

    /// What `text` makes of the value, with `tail` behind it. It is kept, sealed, so that `text` is not asked each time.
    ///
    /// - Parameters:
    ///   - form: names what `text` makes.
    ///   - text: makes the same of the same version each time.
    package func reveal(
        _ form: String, before tail: [UInt8], _ text: (SecretReading) throws -> SecretBytes
    ) throws -> SecretBytes {
        try known.text(form, before: tail) { try text(open()) }
    }

    package func open() throws -> SecretReading {
        // Nobody needs to hear once more of what was opened before.
        SecretReading(
            id: known.id, version: version.number, createdAt: version.createdAt,
            value: try SecretValue(decoding: known.value.open()))
    }
}

/// Somebody whose token was shown lately, as far as that is remembered: whoever acts for him asks first whether it is so.
private final class RecalledSession: Sendable {
    let session: Session
    /// The token, with those that it was made with.
    private let chain: [TokenRecord]
    /// Of the vault's tokens, when the chain was looked up.
    private let serial: Int64

    init(_ session: Session, _ chain: [TokenRecord], at serial: Int64) {
        self.session = session
        self.chain = chain
        self.serial = serial
    }

    func isValid(at now: Timestamp) -> Bool { chain.allSatisfy { $0.isValid(at: now) } }

    func isStill(in transaction: VaultTransaction) throws -> Bool {
        try transaction.areTokensStill(serial) && isValid(at: transaction.now)
    }
}

extension SecretService {
    /// A version that was read lately, for somebody whose token was shown lately: judged from memory, and given out when
    /// its record is on disk, in a transaction in which all that was remembered is still so.
    ///
    /// Returns false, and calls `then` with `nil`, where anything else is the case. Then nothing was done or recorded, and
    /// the long way says what is.
    package func recall(
        _ request: RecallRequest, version: Int64?,
        then: @escaping @Sendable (Result<RecalledVersion?, any Error>) -> Void
    ) throws -> Bool {
        let (keyring, now) = try door.with { ($0.keyring, $0.clock.now()) }
        // No name that is not valid is remembered, and to look for a long one would take long.
        guard request.name.utf8.count <= ResourceName.maximumBytes, let who = try recalled(request, keyring, now)
        else { return false }
        let id = SecretID(request.name, organization: who.session.token.organization)
        guard let (known, serial) = knownVersions.latest(SecretReference(id, version: version)),
            known.version.isReadable(at: now), who.session.mayDo(.read, known.rules)
        else { return false }
        commits.write(then: then) { transaction in
            guard transaction.areSecretsStill(serial), try who.isStill(in: transaction),
                known.version.isReadable(at: transaction.now)
            else { return .success(nil) }
            try transaction.audit.record(
                .secretRead, known.subject, version: known.version.number, by: who.session.context)
            return .success(RecalledVersion(known))
        }
        return true
    }

    /// As ``write(_:_:check:by:)``, for somebody whose token was shown lately, in one step.
    ///
    /// Returns false where the token is not remembered, or `content` fails, and calls `then` with `nil` where the
    /// transaction that writes finds that the token was changed since. Then nothing was done or recorded.
    package func recallWrite(
        _ request: RecallRequest, _ content: () throws -> (Content, check: Int64?),
        then: @escaping @Sendable (Result<KVVersion?, any Error>) -> Void
    ) throws -> Bool {
        let (keyring, now) = try door.with { ($0.keyring, $0.clock.now()) }
        guard let who = try recalled(request, keyring, now),
            let id = try? SecretID(validating: request.name, organization: who.session.token.organization),
            let (content, check) = try? content()
        else { return false }
        let settings = settings
        commits.audited(.secretWrite, ResourceKey(id).description, by: who.session.context, then: then) { transaction in
            guard try who.isStill(in: transaction) else { return nil }
            return try transaction.write(id, content, check: check, settings, by: who.session)
        }
        return true
    }

    private func recalled(
        _ request: RecallRequest, _ keyring: Keyring, _ now: Timestamp
    ) throws -> RecalledSession? {
        guard let digest = try TokenText.digest(of: request.token, keyring),
            let (chain, serial) = knownTokens.latest(digest), let token = chain.first, token.usesLeft == nil,
            request.organization.map({ $0 == token.organization }) ?? true
        else { return nil }
        let who = RecalledSession(Session(token, request.caller), chain, at: serial)
        return who.isValid(at: now) ? who : nil
    }
}
