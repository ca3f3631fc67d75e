internal import Glibc
internal import ResealCore
internal import ResealManifests
internal import ResealSealing

/// Values of several fields, as a JSON object.
enum FieldValues {
    private static let limit = 16 << 20
    /// The one key of an object that stands for bytes.
    private static let binaryKey = "$base64"

    /// Reads a file or, for `-`, stdin.
    static func read(_ path: String) throws -> [(field: FieldPath, value: SecretBytes)] {
        var bytes =
            path == "-"
            ? try AtomicFile.read(descriptor: STDIN_FILENO, name: "stdin", limit: limit)
            : try AtomicFile.read(path, limit: limit)
        defer { bytes.withUnsafeMutableBytes { explicitZero($0) } }
        // The parser's own error may say what stands in the text.
        guard let document = try? JSON(parsing: bytes), case .object(let members) = document, !members.isEmpty else {
            throw UsageFailure(
                "the fields are not a JSON object with at least one field",
                hint: #"for example {"username": "orders", "password": "…"}"#)
        }
        var values: [(field: FieldPath, value: SecretBytes)] = []
        try collect(members, .whole, &values)
        return values
    }

    private static func collect(
        _ members: [String: JSON], _ path: FieldPath, _ values: inout [(field: FieldPath, value: SecretBytes)]
    ) throws {
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard FieldOption.isName(name), name != binaryKey else {
                throw UsageFailure(
                    "a key in the JSON object is no field name",
                    hint: "a name has 1 to 128 bytes and no control characters")
            }
            let field = path.appending(name)
            switch value {
            case .string(let text): values.append((field, SecretBytes(utf8: text)))
            case .object(let inner):
                if let binary = try binary(inner, field) {
                    values.append((field, binary))
                } else {
                    try collect(inner, field, &values)
                }
            case .null, .bool, .integer, .number, .array:
                throw UsageFailure(
                    "the field `\(SafeText.line(field.description))` is neither a string nor an object",
                    hint: "what is sealed is text or bytes: put it in quotes")
            }
        }
    }

    private static func binary(_ members: [String: JSON], _ field: FieldPath) throws -> SecretBytes? {
        guard let letters = members[binaryKey] else {
            guard !members.isEmpty else {
                throw UsageFailure(
                    "the field `\(SafeText.line(field.description))` is an empty object", hint: "leave it out")
            }
            return nil
        }
        guard members.count == 1, let text = letters.stringValue, var bytes = Base64.decode(text.utf8, padded: true)
        else {
            throw UsageFailure(
                "the field `\(SafeText.line(field.description))` is not base64, as its `\(binaryKey)` says",
                hint: "write {\"\(binaryKey)\": \"…\"} with padded base64 and nothing else")
        }
        return SecretBytes(consuming: &bytes)
    }
}
