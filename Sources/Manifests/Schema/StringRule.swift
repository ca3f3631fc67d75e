internal import ResealCore

/// What a string may hold.
final class StringRule: Sendable {
    enum Content: Sendable {
        case any
        case oneOf([String])
        case format(StringFormat)
    }

    let content: Content
    /// Bounds of the length in bytes.
    let bytes: ClosedRange<Int>
    /// The string names a resource of this kind.
    let refersTo: ResourceKind?

    init(_ content: Content, bytes: ClosedRange<Int>? = nil, refersTo: ResourceKind? = nil) {
        self.content = content
        self.refersTo = refersTo
        switch content {
        case .format(let format): self.bytes = bytes ?? format.bytes
        case .any, .oneOf: self.bytes = bytes ?? 1...1024
        }
    }
}

/// A named form of strings: the same rule as code and as a regular expression.
struct StringFormat: Sendable {
    /// Completes "must be …", with an example.
    let expectation: String
    /// For JSON Schema (ECMA-262).
    let pattern: String
    let bytes: ClosedRange<Int>
    /// Completes "… but it …"; `nil` for a good string.
    let problem: @Sendable (String) -> String?
    /// The text grants something to a principal, which gets looked at twice.
    var isPrincipal = false

    init(
        _ expectation: String, pattern: String, bytes: ClosedRange<Int> = 1...255,
        problem: @escaping @Sendable (String) -> String?
    ) {
        self.expectation = expectation
        self.pattern = pattern
        self.bytes = bytes
        self.problem = problem
    }

    /// From a test that gives no reasons.
    init(
        _ expectation: String, pattern: String, bytes: ClosedRange<Int> = 1...255,
        isValid: @escaping @Sendable (String) -> Bool
    ) {
        self.init(expectation, pattern: pattern, bytes: bytes) { isValid($0) ? nil : "does not have that form" }
    }

    /// Characters of a class as in a regular expression (`a-z0-9-`), ASCII only.
    init(_ expectation: String, characters: String, bytes: ClosedRange<Int>) {
        let allowed = ASCIISet(characters)
        self.init(
            expectation, pattern: "^[\(characters)]{\(bytes.lowerBound),\(bytes.upperBound)}$", bytes: bytes
        ) { text in text.utf8.allSatisfy(allowed.contains) ? nil : "has other characters" }
    }
}

/// A set of ASCII characters, written like a class of a regular expression: single characters and ranges, a literal
/// `-` at the end.
struct ASCIISet: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(_ text: String) {
        let bytes = Array(text.utf8)
        var i = 0
        while i < bytes.count {
            let isRange = i + 2 < bytes.count && bytes[i + 1] == UInt8(ascii: "-")
            for byte in bytes[i]...(isRange ? bytes[i + 2] : bytes[i]) {
                if byte < 64 { low |= 1 << UInt64(byte) } else if byte < 128 { high |= 1 << UInt64(byte - 64) }
            }
            i += isRange ? 3 : 1
        }
    }

    func contains(_ byte: UInt8) -> Bool {
        byte < 64 ? low >> UInt64(byte) & 1 == 1 : byte < 128 && high >> UInt64(byte - 64) & 1 == 1
    }
}
