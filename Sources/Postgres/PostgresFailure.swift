package import ResealCore

/// What went wrong between us and a server. Never holds what the server says: only the SQLSTATE, which is a code.
package struct PostgresFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The name, port, network or TLS; nothing was sent.
        case unreachable = "postgres.unreachable"
        /// The server does not let this login in.
        case loginRefused = "postgres.login-refused"
        /// The server answers, and says no to a statement.
        case refused = "postgres.refused"
        /// No answer in time. Whether a statement took effect is not known.
        case timeout = "postgres.timeout"
    }

    package let kind: Kind
    package let message: String
    package let hint: String?
    /// Five characters, PostgreSQL's documentation, appendix A.
    package let sqlState: String?

    package init(_ kind: Kind, _ message: String, sqlState: String? = nil, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.sqlState = sqlState
    }

    package var code: String { kind.rawValue }
    package var retry: RetryAdvice { kind == .unreachable || kind == .timeout ? .later : .afterFix }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind && a.sqlState == b.sqlState }

    /// Words for the codes that people meet.
    static func meaning(of sqlState: String) -> String {
        switch sqlState {
        case "28P01", "28000": "wrong user or password, or no rule of pg_hba.conf fits"
        case "3D000": "there is no such database"
        case "42501": "not permitted"
        case "42704": "there is no such role"
        case "53300": "too many connections"
        case "57P03": "the server is starting"
        case "25006": "the server is a read-only standby"
        default: "see appendix A of PostgreSQL's documentation"
        }
    }
}
