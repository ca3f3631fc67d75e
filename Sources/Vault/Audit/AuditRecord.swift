package import ResealCore
package import ResealSealing

/// What an audited action was; the stored names are stable.
package enum AuditAction: String, Sendable, CaseIterable {
    case vaultInit = "vault.init"
    case secretRead = "vault.secret.read"
    case secretCreate = "vault.secret.create"
    case secretWrite = "vault.secret.write"
    case secretUpdate = "vault.secret.update"
    case secretRollback = "vault.secret.rollback"
    case secretDelete = "vault.secret.delete"
    case secretRestore = "vault.secret.restore"
    case secretDestroy = "vault.secret.destroy"
    case secretList = "vault.secret.list"
    /// One step of a rotation; which one stands in `detail`.
    case secretRotate = "vault.secret.rotate"
    case driftRevert = "vault.secret.revert-drift"
    case driftAdopt = "vault.secret.adopt-drift"
    case define = "vault.resource.define"
    case undefine = "vault.resource.undefine"
    case plan = "git.plan"
    case apply = "git.apply"
    case auditRead = "audit.read"
    /// A look at who may do what.
    case accessRead = "access.read"
    case keyRotate = "vault.key.rotate"
    /// Someone showed a token that is not valid.
    case authenticate = "token.authenticate"
    /// Someone got a token by proving who he is, or did not.
    case login = "token.login"
    case tokenCreate = "token.create"
    /// A token was made that permissions do not bind.
    case tokenBreakGlass = "token.break-glass"
    case tokenList = "token.list"
    case tokenRenew = "token.renew"
    case tokenRevoke = "token.revoke"
    /// An answer was kept for whoever shows its token.
    case wrap = "wrapping.wrap"
    case unwrap = "wrapping.unwrap"
    case rewrap = "wrapping.rewrap"
    case wrappingLookup = "wrapping.lookup"
    case suspend = "controller.suspend"
    case resume = "controller.resume"
}

extension AuditAction {
    /// The first words of actions: `vault.secret`, `git`.
    package static let groups: Set<String> = Set(
        allCases.map(\.rawValue).flatMap { action in
            action.indices.filter { action[$0] == "." }.map { String(action[..<$0]) }
        })

    /// True for an action and for the first words of one.
    package static func isNameOrGroup(_ text: String) -> Bool {
        AuditAction(rawValue: text) != nil || groups.contains(text)
    }
}

/// How an audited action ended.
package enum AuditResult: String, Sendable, CaseIterable {
    case ok
    /// A rule said no.
    case refused
    /// It could not be done.
    case failed
}

/// One record of the audit trail. Nothing in it is a secret value.
package struct AuditRecord: Sendable {
    /// From 1, without gaps.
    package var sequence: Int64
    package var at: Timestamp
    package var principal: Principal
    package var action: AuditAction
    /// `<kind>.<organization>/<name>`, or empty.
    package var subject: String
    package var version: Int64?
    package var result: AuditResult
    /// Where the request came from: `local`, or an address.
    package var source: String
    /// The program that asked, for example `reseal/0.1.0`.
    package var userAgent: String
    package var requestID: String
    package var commit: ObjectID?
    /// A code or a few words that say why or what; never a value.
    package var detail: String
    /// SHA-256 over the hash before and everything above.
    package var hash: Digest256

    /// Canonical JSON of everything but the hash, with the hash of the record before: what is hashed.
    ///
    /// The bytes of ``members`` with a key `previous`, written without building them: every record of a large apply
    /// comes through here, one after the other.
    package func hashInput(after previous: Digest256) -> [UInt8] {
        var object = SortedObject()
        object.add("action", action.rawValue)
        object.add("commit", commit?.description)
        object.add("detail", detail)
        object.add("previous", previous.description)
        object.add("principal", principal.description)
        object.add("request_id", requestID)
        object.add("result", result.rawValue)
        object.add("seq", sequence)
        object.add("source", source)
        object.add("subject", subject)
        object.add("time", at.description)
        object.add("user_agent", userAgent)
        object.add("version", version)
        return object.finish()
    }

    /// All of it for programs, the hash too.
    package var document: JSON {
        .object(members.merging(["hash": .string(hash.description)]) { _, hash in hash })
    }

    package var members: [String: JSON] {
        [
            "seq": .integer(sequence), "time": .string(at.description), "principal": .string(principal.description),
            "action": .string(action.rawValue), "subject": .string(subject),
            "version": version.map { .integer($0) } ?? .null, "result": .string(result.rawValue),
            "source": .string(source), "user_agent": .string(userAgent), "request_id": .string(requestID),
            "commit": commit.map { .string($0.description) } ?? .null, "detail": .string(detail),
        ]
    }
}

/// Writes the canonical JSON of a flat object whose keys come in sorted order.
private struct SortedObject {
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(512) }

    mutating func add(_ key: StaticString, _ text: String?) {
        begin(key)
        if let text { JSON.quote(text.utf8, to: &bytes) } else { bytes += "null".utf8 }
    }

    mutating func add(_ key: StaticString, _ number: Int64?) {
        begin(key)
        bytes += (number.map(String.init) ?? "null").utf8
    }

    mutating func finish() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private mutating func begin(_ key: StaticString) {
        bytes.append(bytes.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
        bytes.append(UInt8(ascii: "\""))
        key.withUTF8Buffer { bytes += $0 }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }
}

/// A signed statement that the chain ended in `hash` when the vault had that serial.
package struct AuditHead: Sendable, Equatable {
    package var sequence: Int64
    package var hash: Digest256
    package var serial: Int64
    package var at: Timestamp
    /// Ed25519 over ``signedBytes(vaultID:)``.
    package var signature: [UInt8]

    package func signedBytes(vaultID: String) -> [UInt8] {
        Array("reseal/v1/audit-head\0\(vaultID)\0\(sequence)\0\(hash)\0\(serial)\0\(at)".utf8)
    }

    package func isSigned(by publicKey: Ed25519PublicKey, vaultID: String) -> Bool {
        publicKey.isValid(signature, for: signedBytes(vaultID: vaultID))
    }

    /// `<sequence>:<hash>`, the form for trailers and `--expect-head`.
    package var text: String { "\(sequence):\(hash)" }
}

/// Which records a query wants; every condition that is given has to hold.
package struct AuditFilter: Sendable {
    /// An action, or a prefix of one that ends before a dot (`vault.secret`).
    package var action: String?
    /// A secret's name, or an address `<kind>.<organization>/<name>`.
    package var subject: String?
    package var principal: String?
    package var result: AuditResult?
    package var since: Timestamp?
    package var until: Timestamp?
    /// Only the newest so many.
    package var limit: Int?
    /// Only records about something of this organization.
    package var organization: String?
    /// Only what comes after this number.
    package var after: Int64?
    /// Only what comes before this number.
    package var before: Int64?
    /// Only the oldest so many. Beside ``limit`` it says nothing.
    package var first: Int?

    package init(
        action: String? = nil, subject: String? = nil, principal: String? = nil, result: AuditResult? = nil,
        since: Timestamp? = nil, until: Timestamp? = nil, limit: Int? = nil, after: Int64? = nil, first: Int? = nil
    ) {
        self.action = action
        self.subject = subject
        self.principal = principal
        self.result = result
        self.since = since
        self.until = until
        self.limit = limit
        self.after = after
        self.first = first
    }

    /// True for the name of a secret and for an address `<kind>.<organization>/<name>`.
    package static func isSubject(_ text: String) -> Bool {
        let name = text.firstIndex(of: ".").flatMap { dot in
            ResourceKind(rawValue: String(text[..<dot])) == nil ? nil : text[text.index(after: dot)...]
        }
        return ResourceName.problem(String(name ?? text[...])) == nil
    }
}
