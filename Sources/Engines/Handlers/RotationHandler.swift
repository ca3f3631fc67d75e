package import ResealCore
internal import ResealManifests
internal import ResealSealing
package import ResealVault

/// One rotation, as the target system has to know it.
package struct RotationJob: Sendable {
    package let id: SecretID
    /// The version that the new value has.
    package let version: Int64
    /// The whole new value.
    package let value: SecretValue
    /// The whole value before; `nil` when there is none, or when it is kept no longer.
    package let previous: SecretValue?
    /// The field that was made anew.
    package let field: FieldPath

    package init(
        id: SecretID, version: Int64, value: SecretValue, previous: SecretValue?, field: FieldPath
    ) {
        self.id = id
        self.version = version
        self.value = value
        self.previous = previous
        self.field = field
    }

    /// The new value of the field.
    func fresh() throws -> SecretBytes { try Self.leaf(field, of: value, id) }
    /// The value of the field before; `nil` for none.
    func former() -> SecretBytes? { previous?.leaf(at: field)?.bytes }

    private static func leaf(_ field: FieldPath, of value: SecretValue, _ id: SecretID) throws -> SecretBytes {
        if let leaf = value.leaf(at: field) { return leaf.bytes }
        throw HandlerFailure(.unsuitable, "the value of \(id) has no field `\(field)`")
    }
}

extension SecretValue {
    package func leaf(at field: FieldPath) -> Leaf? { leaves.first { $0.path == field.segments } }
}

/// Takes a new value to the system where it is used.
///
/// Every call may come again, for a process can die after it and before it is noted: doing the same twice has to leave
/// the same as doing it once. Calls block, each for a limited time. A failure says by its ``UserFacingFailure/retry``
/// whether the same call may succeed later.
package protocol RotationHandler: Sendable {
    /// True when the target has to be told that the previous value is kept no longer.
    var retires: Bool { get }
    /// Further fields that change together with the new value, such as the name of the login; may refuse.
    func companions(of field: FieldPath, in previous: SecretValue?) throws -> [SecretValue.Leaf]
    /// Makes the new value valid in the target.
    func handOver(_ job: RotationJob) throws
    /// Uses the new value. Throws ``HandlerFailure/Kind/notVerified`` when it is certain that it does not work.
    func verify(_ job: RotationJob) throws
    /// Makes the value before the only valid one again.
    func rollBack(_ job: RotationJob) throws
    /// Makes the value before invalid.
    func retire(_ job: RotationJob) throws
}

/// Where the target itself makes the new value, as a token endpoint does. The journal says that it will be asked before
/// it is, so that an answer which got lost is known as lost.
package protocol IssuingHandler: RotationHandler {
    /// The fields that are new. Throws ``HandlerFailure/Kind/answerLost`` whenever the target may have made a value that
    /// did not arrive, and ``HandlerFailure/Kind/loginNeeded`` when it does not accept the present one.
    func issue(_ current: SecretValue, for id: SecretID) throws -> [SecretValue.Leaf]
}

/// What can be wrong with a target of a rotation.
package struct HandlerFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The controller's configuration has no such endpoint or command, or it is not usable.
        case notConfigured = "rotation.not-configured"
        /// The secret does not have what the handler needs.
        case unsuitable = "rotation.unsuitable"
        /// The target took the new value, and does not let it be used.
        case notVerified = "rotation.not-verified"
        /// The endpoint says no, or nothing that can be understood.
        case requestFailed = "rotation.request-failed"
        /// Tokens were asked for and no answer came, so the refresh token may be spent.
        case answerLost = "rotation.answer-lost"
        /// The refresh token is not valid any more; only a person can get a new one.
        case loginNeeded = "rotation.login-needed"
        /// The command ended otherwise than it should.
        case commandFailed = "rotation.command-failed"
        case commandTimeout = "rotation.command-timeout"
    }

    package let kind: Kind
    package let message: String
    package let hint: String?
    package let retry: RetryAdvice

    package init(_ kind: Kind, _ message: String, hint: String? = nil, retry: RetryAdvice = .afterFix) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.retry = retry
    }

    package var code: String { kind.rawValue }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
