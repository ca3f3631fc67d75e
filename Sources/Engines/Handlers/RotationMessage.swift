internal import ResealCore
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// What a target hears of one step and what it may answer, whether by a pipe or by HTTP. docs/rotation.md has the
/// protocol.
enum RotationMessage {
    static func request(_ operation: String, _ job: RotationJob) -> SecretBytes {
        let head: JSON = [
            "apiVersion": "reseal.dev/rotation/v1", "operation": .string(operation), "secret": .string(job.id.name),
            "organization": .string(job.id.organization), "version": .integer(job.version),
            "field": .string(job.field.description),
        ]
        let value = job.value.revealJSON(), previous = job.previous?.revealJSON()
        var text: [UInt8] = []
        let opening = head.canonicalBytes
        // Growing would leave a copy behind.
        text.reserveCapacity(opening.count + value.count + (previous?.count ?? 4) + 32)
        text += opening.dropLast()
        text += ",\"value\":".utf8
        value.withUnsafeBytes { text += $0 }
        text += ",\"previous\":".utf8
        if let previous { previous.withUnsafeBytes { text += $0 } } else { text += "null".utf8 }
        text += "}\n".utf8
        return SecretBytes(consuming: &text)
    }

    /// What an answer says. Nothing of it but a code is ever shown: a target that repeats what it was given must not
    /// bring it into a log.
    struct Answer {
        /// `nil` for one that says neither.
        let isGood: Bool?
        let isWorthRetrying: Bool
        private let code: String?

        init(_ answer: SecretBytes) {
            let json = answer.withUnsafeBytes { bytes in try? JSON(parsing: Array(bytes)) }
            isGood = json?["ok"]?.boolValue
            isWorthRetrying = json?["retry"]?.boolValue == true
            code = json?["code"]?.stringValue.flatMap { Self.knownCodes.contains($0) ? $0 : nil }
        }

        /// The code in parentheses, for the end of a message.
        var note: String { code.map { " (\($0))" } ?? "" }

        /// A closed list: free text could carry the value.
        private static let knownCodes: Set<String> = [
            "unreachable", "login-refused", "not-permitted", "not-found", "conflict", "limit", "invalid",
        ]
    }
}
