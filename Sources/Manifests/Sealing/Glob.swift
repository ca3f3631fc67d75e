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
        return Self.match(segments, parts, isWild: { $0 == ["*", "*"] }) { pattern, part in
            Self.match(pattern, part, isWild: { $0 == "*" }) { $0 == "?" || $0 == $1 }
        }
    }

    /// Matches a list with wildcards that stand for any number of elements. Only the last wildcard is ever tried again,
    /// which is enough: an earlier one could not do better.
    static func match<P, T>(
        _ pattern: [P], _ text: [T], isWild: (P) -> Bool, isEqual: (P, T) -> Bool
    ) -> Bool {
        var p = 0
        var t = 0
        var retry: (p: Int, t: Int)?
        while t < text.count {
            if p < pattern.count, isWild(pattern[p]) {
                retry = (p, t)
                p += 1
            } else if p < pattern.count, isEqual(pattern[p], text[t]) {
                p += 1
                t += 1
            } else if let last = retry {
                retry = (last.p, last.t + 1)
                p = last.p + 1
                t = last.t + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy(isWild)
    }
}
