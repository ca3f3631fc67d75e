internal import ResealCore
public import ResealSealing
internal import Synchronization

/// Masks, in texts that leave the process, the secrets that it has handled.
///
/// It keeps no secret: of each form that a value may appear in, it knows the length, a keyed hash of the first bytes and a
/// keyed digest of all. So it finds values that it has seen before, and nothing else.
///
/// ```swift
/// let redactor = try Redactor()
/// redactor.handle(password)
/// redactor.redact("login with \(text) failed")      // login with [REDACTED] failed
/// ```
public final class Redactor: Sendable {
    /// Shorter values are not looked for: they would be found everywhere.
    public static let shortestBytes = Fingerprints.prefixBytes

    /// Of a value that is longer, each part of this size is looked for by itself.
    private static let partBytes = 4096
    /// What lies beyond is not looked for.
    private static let largestBytes = 256 << 10

    private let fingerprints: Mutex<Fingerprints>

    /// - Parameter capacity: how many forms of values are remembered; a value has about ten. The oldest go first.
    /// - Throws: when the system has no randomness for the keys.
    public init(capacity: Int = 65_536) throws { fingerprints = Mutex(try Fingerprints(capacity: capacity)) }

    /// Remembers a value: as it is, in base64 and base64url at any alignment, percent-encoded, in hexadecimal, and as it
    /// stands in JSON.
    public func handle(_ secret: SecretBytes) {
        guard secret.count >= Self.shortestBytes else { return }
        secret.withUnsafeBytes { bytes in
            let end = min(bytes.count, Self.largestBytes)
            for start in stride(from: 0, to: end, by: Self.partBytes) {
                handle(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.partBytes, end)]))
            }
        }
    }

    /// What is handled again and again costs one digest.
    private func handle(_ part: UnsafeRawBufferPointer) {
        guard !fingerprints.withLock({ $0.holds(value: part) }) else { return }
        let forms = SecretForms.all(of: part)
        fingerprints.withLock { known in
            for (index, form) in forms.enumerated() { known.insert(form, isValue: index == 0) }
        }
    }

    /// The text with every value that it holds, in whatever of its forms, replaced by `[REDACTED]`.
    public func redact(_ text: String) -> String {
        var text = text
        let masked = text.withUTF8 { bytes in
            fingerprints.withLock { $0.mask(UnsafeRawBufferPointer(bytes), with: Array(SecretBytes.redacted.utf8)) }
        }
        return masked.map { String(decoding: $0, as: UTF8.self) } ?? text
    }
}
