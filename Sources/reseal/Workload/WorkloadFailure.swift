internal import ResealCore

/// Why a program does not get its secrets.
struct WorkloadFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable {
        /// The command cannot be started.
        case command = "exec.command"
        /// A value or a name cannot stand in an environment.
        case environment = "exec.environment"
        /// What was to run after a file had changed did not end well.
        case hook = "template.hook"
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
    static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
