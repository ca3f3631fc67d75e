package import ResealCore
internal import ResealSealing

/// Why an age file, key or passphrase was refused. Its text never holds key material, plaintext, or a line of a key file.
package struct AgeFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The header breaks the format, or a stanza that an identity recognises is malformed.
        case header = "age.header"
        /// The file key was found, but the header was changed after it was written.
        case hmac = "age.hmac"
        /// No identity opens any stanza; a wrong passphrase too.
        case noMatch = "age.no-match"
        /// The ASCII armor is not strict PEM.
        case armor = "age.armor"
        /// The payload was changed, reordered, or cut.
        case payload = "age.payload"
        /// A recipient that cannot be read or used, or a set of recipients that may not be mixed.
        case recipient = "age.recipient"
        /// An identity that cannot be read.
        case identity = "age.identity"
        /// A passphrase that cannot be used.
        case passphrase = "age.passphrase"
        /// A plugin that died, hung, broke the protocol, or told of an error.
        case plugin = "age.plugin"
        /// A plugin whose program is not in PATH.
        case pluginMissing = "age.plugin-missing"
        /// A plugin that nobody allowed to run.
        case pluginForbidden = "age.plugin-forbidden"
        /// Options that contradict each other.
        case usage = "age.usage"
        /// Output that may not go where it was asked to go.
        case output = "age.output"
        /// The cryptographic library refused a call that should not fail.
        case native = "age.native"
    }

    package let kind: Kind
    package let message: String
    package let hint: String?
    package let span: SourceSpan?

    package init(_ kind: Kind, _ message: String, hint: String? = nil, at span: SourceSpan? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.span = span
    }

    package var code: String { kind.rawValue }
    package var retry: RetryAdvice { kind == .native ? .never : .afterFix }

    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }

    /// True if a plugin is at fault, and not the file.
    var isOfPlugin: Bool { [.plugin, .pluginMissing, .pluginForbidden].contains(kind) }

    /// The same failure with the user's place.
    package func at(_ span: SourceSpan) -> AgeFailure { AgeFailure(kind, message, hint: hint, at: span) }
}

/// Runs a cryptographic call whose failure is no fault of the input.
func sealing<T>(_ body: () throws(SealingFailure) -> T) throws(AgeFailure) -> T {
    do throws(SealingFailure) { return try body() } catch { throw AgeFailure(.native, error.message) }
}
