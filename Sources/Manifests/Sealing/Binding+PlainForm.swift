internal import ResealAge
internal import ResealCore

extension Binding {
    /// Reads the canonical body of a binding that has no escape and was not resealed, which is how most are written. An
    /// apply reads one for each sealed value, and a JSON parser with its proof that the text was canonical takes ten
    /// times as long. `nil` for everything else, good or bad, on which the general reader decides.
    init?(plainlyWritten stanza: Stanza) {
        guard stanza.arguments.isEmpty, stanza.body.count <= Self.maximumBodyBytes else { return nil }
        var text = PlainText(bytes: stanza.body)
        guard text.skip("{\"at\":"), let at = text.string(), text.skip(",\"field\":"), let path = text.string(),
            text.skip(",\"n\":"), let counter = text.number(), text.skip(",\"org\":"), let organization = text.string(),
            text.skip(",\"repo\":"), let repository = text.string(), text.skip(",\"secret\":"),
            let secret = text.string(), text.skip(",\"to\":"), let recipients = text.strings(),
            text.skip(",\"v\":1}"), text.isAtEnd
        else { return nil }
        guard counter <= Self.maximumCounter, let field = FieldPath(path), let sealedAt = Timestamp(at),
            sealedAt.description == at,
            recipients.allSatisfy({ $0.utf8.count == 16 && Hex.decode($0) != nil }),
            zip(recipients, recipients.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        self.init(
            repository: repository, organization: organization, secret: secret, field: field, counter: counter,
            sealedAt: sealedAt, fingerprints: recipients, valueCounter: nil)
    }
}

/// Reads JSON of which every byte is expected.
private struct PlainText {
    private let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ text: StaticString) -> Bool {
        let isNext = text.withUTF8Buffer { bytes[position...].starts(with: $0) }
        if isNext { position += text.utf8CodeUnitCount }
        return isNext
    }

    /// A string that needs no escape.
    mutating func string() -> String? {
        guard skip("\""), let end = bytes[position...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        let content = bytes[position..<end]
        guard content.allSatisfy({ $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\\") }) else { return nil }
        position = end + 1
        return String(validating: content, as: UTF8.self)
    }

    /// A positive number.
    mutating func number() -> Int64? {
        let digits = bytes[position...].prefix { (48...57).contains($0) }
        guard (1...18).contains(digits.count), digits.first != 48 else { return nil }
        position += digits.count
        return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    /// A list of strings, at least one.
    mutating func strings() -> [String]? {
        guard skip("[") else { return nil }
        var items: [String] = []
        repeat {
            guard let item = string() else { return nil }
            items.append(item)
        } while skip(",")
        return skip("]") ? items : nil
    }
}
