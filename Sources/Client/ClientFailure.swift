package import ResealCore
internal import ResealHTTP

/// Why a server did not do what was asked.
public struct ClientFailure: Error, Equatable, CustomStringConvertible {
    /// Stable: what the server says (`access.denied`), or what happened on the way (`http.unreachable`). All stand in
    /// docs/errors.md.
    public let code: String
    /// What happened; never a secret.
    public let message: String
    /// What to do next.
    public let hint: String?
    /// True where the same call may succeed later without any change.
    public let isTemporary: Bool

    init(_ code: String, _ message: String, hint: String? = nil, isTemporary: Bool = false) {
        self.code = code
        self.message = message
        self.hint = hint
        self.isTemporary = isTemporary
    }

    init(_ failure: any UserFacingFailure) {
        self.init(failure.code, failure.message, hint: failure.hint, isTemporary: failure.retry == .later)
    }

    /// By code.
    public static func == (a: Self, b: Self) -> Bool { a.code == b.code }

    /// The message with its code.
    public var description: String { Diagnostic(failure: self).description }

    static func answer(_ place: String) -> ClientFailure {
        ClientFailure(
            "client.answer", "what answers at \(place) is no server of secrets, or of another version",
            hint: "check the address")
    }
}

extension ClientFailure: UserFacingFailure {
    package var retry: RetryAdvice { isTemporary ? .later : .afterFix }
}
