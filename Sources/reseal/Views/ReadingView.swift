internal import Glibc
internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// The only place where a value leaves the program in clear: the answer to `get`.
enum ReadingView {
    static func printPlain(_ reading: SecretReading, field: String?) throws {
        let value = try field.map { try reading.value.field($0, of: reading.id) } ?? reading.value
        let content = value.isScalar ? value.leaves[0].bytes : value.revealJSON()
        content.withUnsafeBytes { Terminal.write($0, to: STDOUT_FILENO) }
        if Terminal.isTerminal(STDOUT_FILENO) { Terminal.print("") }
    }

    /// `{"name":…,"value":…}`, or a list of them. Nothing is printed when a reading lacks the field.
    static func printJSON(_ readings: [SecretReading], field: String? = nil, asList: Bool) throws {
        let documents = try readings.map { try $0.document(field: field) }
        if asList { Terminal.write(Array("[".utf8), to: STDOUT_FILENO) }
        for (index, document) in documents.enumerated() {
            if index > 0 { Terminal.write(Array(",".utf8), to: STDOUT_FILENO) }
            document.withUnsafeBytes { Terminal.write($0, to: STDOUT_FILENO) }
        }
        Terminal.print(asList ? "]" : "")
    }
}
