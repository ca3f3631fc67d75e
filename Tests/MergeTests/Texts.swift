import ResealCore
import ResealSealing
import TestSupport

@testable import ResealAge
@testable import ResealManifests
@testable import ResealReconciler

/// Manifests and sealed values for merges, and the merge itself.
struct Texts {
    let people: [X25519Identity]

    init() throws { people = try (0..<3).map { _ in try X25519Identity() } }

    /// An armored value that is bound to its place.
    func sealed(
        _ text: String, _ counter: Int64 = 1, givenAt: Int64? = nil, field: String = "password", secret: String = "a",
        for count: Int = 2
    ) throws -> String {
        let recipients = people.prefix(count).map(\.recipient)
        let binding = Binding(
            repository: "0123456789abcdef", organization: "default", secret: secret, field: FieldPath([field]),
            counter: counter, sealedAt: Timestamp(seconds: 1_700_000_000), recipients: recipients,
            valueCounter: givenAt)
        return String(
            decoding: try FieldSealer.seal(SecretBytes(utf8: text), binding: binding, to: recipients), as: UTF8.self)
    }

    static func block(_ armor: String, indent: Int) -> String {
        "|\n"
            + armor.split(separator: "\n").map { String(repeating: " ", count: indent) + $0 }.joined(separator: "\n")
    }

    /// A secret with fields in order; armors become blocks.
    static func secret(_ name: String, _ fields: KeyValuePairs<String, String>, more: String = "") -> String {
        let lines = fields.map { key, value in
            "    \(key): \(value.contains("\n") ? block(value, indent: 6) : value)"
        }
        return """
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: \(name)}
            spec:
              description: secret \(name)
              value:
            \(lines.joined(separator: "\n"))
              permissions:
                read: [role:sre]\(more.isEmpty ? "" : "\n  \(more)")

            """
    }

    static func merge(_ base: String, _ ours: String, _ theirs: String, width: Int = 7) throws -> FileMerge.Outcome {
        try FileMerge(markerWidth: width).run(
            .init(base: Array(base.utf8), ours: Array(ours.utf8), theirs: Array(theirs.utf8)))
    }
}

extension FileMerge.Outcome {
    /// `nil` with conflicts.
    var merged: String? {
        if case .merged(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    /// The text with markers and where they are; `nil` without conflicts.
    var conflicts: (text: String, paths: [[String]])? {
        if case .conflicts(let bytes, let conflicts) = self {
            (String(decoding: bytes, as: UTF8.self), conflicts.map(\.path))
        } else {
            nil
        }
    }
}

/// A file with conflict markers, as a person reads it.
struct Marked {
    private(set) var ours = ""
    private(set) var theirs = ""
    private(set) var count = 0

    init(_ text: String, width: Int = 7) throws {
        enum Place { case both, ours, theirs }
        var place = Place.both
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(text.hasSuffix("\n") ? 1 : 0)
        {
            func isMarker(_ mark: String) -> Bool {
                line == String(repeating: mark, count: width)
                    || line.hasPrefix(String(repeating: mark, count: width) + " ")
            }
            switch place {
            case .both where isMarker("<"): place = .ours
            case .ours where isMarker("="): place = .theirs
            case .theirs where isMarker(">"):
                place = .both
                count += 1
            default:
                if place != .theirs { ours += line + "\n" }
                if place != .ours { theirs += line + "\n" }
            }
        }
        guard place == .both else { throw Command.Failure(description: "a marker is missing in: \(text)") }
    }
}
