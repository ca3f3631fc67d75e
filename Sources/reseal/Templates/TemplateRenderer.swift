internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// Puts values where a template wants them.
struct TemplateRenderer {
    private let readings: [SecretID: SecretReading]

    init(_ readings: [SecretReading]) {
        self.readings = Dictionary(readings.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
    }

    /// Throws ``DiagnosticsFailure`` with every place whose value cannot be written.
    func render(_ template: Template) throws(DiagnosticsFailure) -> SecretBytes {
        var pieces: [SecretBytes] = []
        var problems: [Diagnostic] = []
        for part in template.parts {
            switch part {
            case .text(let text): pieces.append(SecretBytes(utf8: text))
            case .action(let action):
                do {
                    pieces.append(try value(of: action))
                } catch let problem as TemplateValueProblem {
                    problems.append(
                        Diagnostic(
                            code: TemplateFailure.value, "the value \(problem.text)", hint: problem.hint,
                            at: action.span))
                } catch {
                    let failure = UnexpectedFailure.wrapping(error)
                    problems.append(
                        Diagnostic(code: failure.code, failure.message, hint: failure.hint, at: action.span))
                }
            }
        }
        guard problems.isEmpty else { throw DiagnosticsFailure(problems) }
        return Self.joined(pieces)
    }

    private func value(of action: Template.Action) throws -> SecretBytes {
        var filters = action.filters[...]
        var bytes: SecretBytes
        switch action.subject {
        case .text(let text): bytes = SecretBytes(utf8: text)
        case .secret(let reference):
            guard let reading = readings[reference.id] else {
                throw VaultFailure(.secretNotFound, "there is no secret \(reference.id)")
            }
            if filters.first == .json {
                // Numbers stay numbers, and a secret with several fields becomes an object.
                filters.removeFirst()
                bytes = try Self.json(of: reading, reference.field)
            } else {
                bytes = try reading.leaf(optional: reference.field).bytes
            }
        }
        for filter in filters { bytes = try filter.apply(to: bytes) }
        return bytes
    }

    private static func json(of reading: SecretReading, _ field: String?) throws -> SecretBytes {
        guard let field else { return reading.value.revealJSON() }
        let leaf = try reading.leaf(optional: field)
        return SecretValue(scalar: leaf.bytes, type: leaf.type).revealJSON()
    }

    private static func joined(_ pieces: [SecretBytes]) -> SecretBytes {
        SecretBytes(count: pieces.reduce(0) { $0 + $1.count }) { buffer in
            var place = 0
            for piece in pieces {
                piece.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: buffer[place..<place + $0.count]).copyMemory(from: $0)
                }
                place += piece.count
            }
        }
    }
}
