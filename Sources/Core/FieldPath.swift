/// Names one leaf of a value: the keys that lead to it. The value itself, if it is a scalar, has no segments.
package struct FieldPath: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package let segments: [String]

    package init(_ segments: [String]) { self.segments = segments }

    /// A value that is one scalar.
    package static let whole = FieldPath([])

    /// Segments joined by `.`; `.` and `\` inside a segment have a `\` in front.
    package var description: String { segments.map(Self.escape).joined(separator: ".") }

    /// Reads the text form; `nil` for an empty segment or a `\` that escapes nothing.
    package init?(_ text: String) {
        guard !text.isEmpty else {
            self = .whole
            return
        }
        if !text.utf8.contains(UInt8(ascii: "\\")) {
            let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
            segments = parts.map { String(Substring($0)) }
            return
        }
        var segments = [""]
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                guard scalar == "." || scalar == "\\" else { return nil }
                segments[segments.count - 1].unicodeScalars.append(scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else if scalar == "." {
                segments.append("")
            } else {
                segments[segments.count - 1].unicodeScalars.append(scalar)
            }
        }
        guard !isEscaped, !segments.contains("") else { return nil }
        self.segments = segments
    }

    package func appending(_ segment: String) -> FieldPath { FieldPath(segments + [segment]) }

    package static func < (a: FieldPath, b: FieldPath) -> Bool {
        a.segments.lexicographicallyPrecedes(b.segments)
    }

    private static func escape(_ segment: String) -> String {
        guard segment.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "\\") }) else {
            return segment
        }
        return segment.unicodeScalars.reduce(into: "") { text, scalar in
            if scalar == "." || scalar == "\\" { text.append("\\") }
            text.unicodeScalars.append(scalar)
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let path = FieldPath(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a field path")
        }
        self = path
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
