internal import ResealCore
internal import ResealVault

/// Where records of the trail go besides the vault.
protocol AuditSink: Sendable {
    /// Returns when they are there, all of them. What throws is sent again, so that records may come twice but none is
    /// left out.
    func send(_ records: [AuditRecord]) async throws
}

/// Why records do not arrive.
struct AuditSinkFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable {
        case unreachable = "audit.sink-unreachable"
        /// The receiver says no.
        case refused = "audit.sink-refused"
    }

    let kind: Kind
    let message: String
    let hint: String?

    init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    var code: String { kind.rawValue }
    var retry: RetryAdvice { .later }
    static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
