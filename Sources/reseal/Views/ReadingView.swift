internal import Glibc
internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// The only place where a value leaves the program in clear: the answer to `get`.
enum ReadingView {
    static func content(of reading: SecretReading, field: String?) throws -> SecretBytes {
        if let field { return try leaf(field, of: reading).bytes }
        if reading.value.isScalar { return reading.value.leaves[0].bytes }
        return reading.value.revealJSON()
    }

    static func printPlain(_ content: SecretBytes) {
        content.withUnsafeBytes { Terminal.write($0, to: STDOUT_FILENO) }
        if Terminal.isTerminal(STDOUT_FILENO) { Terminal.print("") }
    }

    /// `{"name":…,"value":…}`, or a list of them. A field that is not there is a failure, before anything is printed.
    static func printJSON(_ readings: [SecretReading], field: String?, asList: Bool) throws {
        let values = try readings.map { reading in
            try field.map { scalar(try leaf($0, of: reading)) } ?? reading.value
        }
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

    private static func scalar(_ leaf: SecretValue.Leaf) -> SecretValue {
        SecretValue(scalar: leaf.bytes, type: leaf.type)
    }

    private static func leaf(_ name: String, of reading: SecretReading) throws -> SecretValue.Leaf {
        if let leaf = reading.value.leaf(named: name) { return leaf }
        let fields = reading.value.leaves.map { SecretValue.text(of: $0.path) }.filter { !$0.isEmpty }
        let nearest = NearestName.suggestion(for: name, in: fields)
        throw VaultFailure(
            .fieldNotFound, "\(reading.id) has no field `\(name)`",
            hint: nearest.map { "did you mean `\($0)`?" }
                ?? (fields.isEmpty ? "its value is a scalar" : "its fields: \(fields.joined(separator: ", "))"))
    }
}
