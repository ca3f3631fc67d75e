internal import ResealCore

/// A pattern over `/`-separated text: `*` matches within a segment, `?` one character of it, and a segment `**` any
/// number of segments, none included.
package struct Glob: Sendable, Hashable, CustomStringConvertible {
    package let description: String
    private let segments: [[Character]]

    /// What is wrong with `text` as a pattern, or `nil`.
    package static func problem(_ text: String) -> String? {
        if text.isEmpty { return "is empty" }
        if text.contains(where: { "[]{}\\".contains($0) }) {
            return "has brackets or backslashes, which mean nothing here"
        }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
            return "has control characters"
        }
        for segment in text.split(separator: "/", omittingEmptySubsequences: false)
        where segment != "**" && segment.contains("**") {
            return "has `**` beside other characters of a segment"
        }
        return nil
    }

    /// `nil` for a text with a ``problem(_:)``.
    package init?(_ text: String) {
        guard Self.problem(text) == nil else { return nil }
        description = text
        segments = text.split(separator: "/", omittingEmptySubsequences: false).map(Array.init)
    }

    /// Takes time proportional to the product of both lengths, whatever the pattern.
    package func matches(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(Array.init)
        return Wildcards.match(segments, parts, isWild: { $0 == ["*", "*"] }) { pattern, part in
            Wildcards.match(pattern, part, isWild: { $0 == "*" }) { $0 == "?" || $0 == $1 }
        }
    }
}
