internal import Glibc
internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// The only place where a value leaves the program in clear: the answer to `get`.
enum ReadingView {
    static func printPlain(_ reading: SecretReading, field: String?) throws {
        let value = try value(of: reading, field: field)
        let content = value.isScalar ? value.leaves[0].bytes : value.revealJSON()
        content.withUnsafeBytes { Terminal.write($0, to: STDOUT_FILENO) }
        if Terminal.isTerminal(STDOUT_FILENO) { Terminal.print("") }
    }

    /// `{"name":…,"value":…}`, or a list of them. Nothing is printed when a reading lacks the field.
    static func printJSON(_ readings: [SecretReading], field: String? = nil, asList: Bool) throws {
        let values = try readings.map { try value(of: $0, field: field) }
        if asList { Terminal.write(Array("[".utf8), to: STDOUT_FILENO) }
        for (index, (reading, value)) in zip(readings, values).enumerated() {
            if index > 0 { Terminal.write(Array(",".utf8), to: STDOUT_FILENO) }
            let head = JSON.object([
                "created_at": .string(reading.createdAt.description), "name": .string(reading.id.name),
                "organization": .string(reading.id.organization), "version": .integer(reading.version),
            ]).canonicalBytes.dropLast()
            Terminal.write(head, to: STDOUT_FILENO)
            Terminal.write(Array(",\"value\":".utf8), to: STDOUT_FILENO)
            value.revealJSON().withUnsafeBytes { Terminal.write($0, to: STDOUT_FILENO) }
            Terminal.write(Array("}".utf8), to: STDOUT_FILENO)
        }
        Terminal.print(asList ? "]" : "")
    }

    /// The whole value, or one field of it.
    private static func value(of reading: SecretReading, field: String?) throws -> SecretValue {
        guard let field else { return reading.value }
        let leaf = try reading.leaf(field)
        return SecretValue(scalar: leaf.bytes, type: leaf.type)
    }
}
