package import ResealCore
internal import COpenSSL

/// A cryptographic operation that failed. Its text never depends on key or plaintext.
package struct SealingFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The authentication tag does not fit: wrong key, wrong associated data, or changed bytes.
        case notAuthentic = "crypto.not-authentic"
        case invalidKey = "crypto.invalid-key"
        case invalidInput = "crypto.invalid-input"
        /// OpenSSL refused a call that should not fail.
        case native = "crypto.native"
    }

    package let kind: Kind
    package let message: String
    package var code: String { kind.rawValue }
    package var hint: String? { nil }
    package var retry: RetryAdvice { .never }

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }

    /// Drains OpenSSL's error queue of this thread into the text, so that no later call finds stale entries.
    static func native(_ what: String) -> SealingFailure {
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            if code == 0 { break }
            if let reason = ERR_reason_error_string(code) { reasons.append(String(cString: reason)) }
        }
        return SealingFailure(.native, ([what] + reasons).joined(separator: ": "))
    }
}

/// Checks a status in which OpenSSL means success by 1.
func openSSL(_ what: @autoclosure () -> String, _ status: Int32) throws(SealingFailure) {
    guard status == 1 else { throw .native(what()) }
}
