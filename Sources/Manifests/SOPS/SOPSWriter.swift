package import ResealAge
package import ResealCore
internal import ResealSealing

/// One leaf of a value that is to become a SOPS file.
package struct SOPSField: Sendable {
    /// Keys from the root; empty for a value that is one scalar.
    package let path: [String]
    package let value: SOPSValue

    package init(path: [String], value: SOPSValue) {
        self.path = path
        self.value = value
    }
}

/// Writes files that SOPS opens: every value encrypted under a fresh data key, which each recipient can open.
package enum SOPSWriter {
    /// The version of SOPS whose format this is.
    static let version = "3.11.0"
    /// The field of a value that is one scalar, in formats that know mappings only.
    static let scalarField = "value"

    /// - Parameters:
    ///   - fields: sorted by path, none the parent of another.
    ///   - recipients: with the texts that the metadata name them by.
    /// - Throws: ``ManifestFailure/Kind/sopsUnwritable`` for what the format cannot hold.
    package static func write(
        _ fields: [SOPSField], as format: SOPSFormat, to recipients: [(text: String, recipient: any Recipient)],
        at now: Timestamp
    ) throws -> [UInt8] {
        let fields = try SOPSFieldRules.fit(fields, format)
        let key = try SystemRandom.secret(SOPSCiphertext.keyBytes)
        var digest = try SHA512()
        var leaves: [(path: [String], text: SOPSWrittenLeaf)] = []
        for field in fields { leaves.append((field.path, try seal(field, key, &digest))) }
        // SOPS knows times to the second.
        let time = Timestamp(seconds: now.milliseconds / 1000).description.replacing(".000Z", with: "Z")
        let mac = try SOPSCiphertext.seal(
            SecretBytes(utf8: Hex.encode(try digest.finish()).uppercased()), as: .str, with: key,
            place: Array(time.utf8))
        let keys = try recipients.map { text, recipient in
            (text, String(decoding: Armor.encode(try Age.encrypt(key, to: [recipient])), as: UTF8.self))
        }
        let metadata = SOPSWrittenMetadata(
            keys: keys, lastModified: time, mac: mac, selection: selection(for: fields), version: version)
        switch format {
        case .yaml: return SOPSYAMLWriter.write(leaves, metadata)
        case .json, .binary: return SOPSJSONWriter.write(leaves, metadata)
        case .dotenv: return SOPSDotenvWriter.write(leaves, metadata)
        }
    }

    /// The rule under which everything is encrypted. SOPS leaves keys with its default suffix plain.
    private static func selection(for fields: [SOPSField]) -> (key: String, value: String) {
        let isSuffixed = fields.contains { $0.path.contains { $0.hasSuffix(SOPSSelection.defaultSuffix) } }
        return isSuffixed ? ("encrypted_regex", ".*") : ("unencrypted_suffix", SOPSSelection.defaultSuffix)
    }

    private static func seal(
        _ field: SOPSField, _ key: SecretBytes, _ digest: inout SHA512
    ) throws -> SOPSWrittenLeaf {
        guard let (kind, text) = plaintext(of: field.value) else { return .null }
        if text.isEmpty { return .text("") }
        try text.withUnsafeBytes { try digest.update($0) }
        return .text(try SOPSCiphertext.seal(text, as: kind, with: key, place: SOPSCiphertext.place(field.path)))
    }

    /// `nil` for nothing.
    private static func plaintext(of value: SOPSValue) -> (SOPSCiphertext.Kind, SecretBytes)? {
        switch value.kind {
        case .null, .comment: return nil
        case .string, .binary: return (.str, value.bytes)
        case .boolean:
            return (.bool, SecretBytes(utf8: value.bytes.isEqual(to: SecretBytes(utf8: "true")) ? "True" : "False"))
        case .integer:
            guard let number = value.bytes.revealText().flatMap({ Int64($0) }) else { return (.str, value.bytes) }
            return (.int, SecretBytes(utf8: String(number)))
        case .number:
            guard let number = value.bytes.revealText().flatMap({ Double($0) }), number.isFinite else {
                return (.str, value.bytes)
            }
            return (.float, SecretBytes(utf8: GoNumber.text(number)))
        }
    }
}

/// A leaf as it goes into the file.
enum SOPSWrittenLeaf {
    case null
    /// Ciphertext, or nothing for an empty string.
    case text(String)
}

/// What a new file says about itself.
struct SOPSWrittenMetadata {
    let keys: [(recipient: String, sealedKey: String)]
    let lastModified: String
    let mac: String
    let selection: (key: String, value: String)
    let version: String

    var json: JSON {
        [
            "age": .array(keys.map { ["recipient": .string($0.recipient), "enc": .string($0.sealedKey)] }),
            "lastmodified": .string(lastModified), "mac": .string(mac), selection.key: .string(selection.value),
            "version": .string(version),
        ]
    }
}

/// What each format can hold.
private enum SOPSFieldRules {
    /// The fields as they are written. Throws ``ManifestFailure/Kind/sopsUnwritable``.
    static func fit(_ fields: [SOPSField], _ format: SOPSFormat) throws(ManifestFailure) -> [SOPSField] {
        guard let first = fields.first else { throw unwritable("there is no value", nil) }
        let isScalar = fields.count == 1 && first.path.isEmpty
        switch format {
        case .binary:
            guard isScalar else {
                throw unwritable("a binary file holds one scalar, not fields", "name the file .yaml, .json or .env")
            }
            // SOPS gives a binary file back as the bytes of a string.
            let value = SOPSValue(.binary, first.value.bytes, isEncrypted: true)
            return [SOPSField(path: ["data"], value: value)]
        case .yaml: return try named(fields, isScalar)
        case .json: return try named(fields, isScalar).map(asText)
        case .dotenv: return try named(fields, isScalar).map(asLine)
        }
    }

    private static func named(_ fields: [SOPSField], _ isScalar: Bool) throws(ManifestFailure) -> [SOPSField] {
        if isScalar { return [SOPSField(path: [SOPSWriter.scalarField], value: fields[0].value)] }
        guard !fields.contains(where: { $0.path.first == "sops" }) else {
            throw unwritable("a field is named `sops`, where SOPS keeps its metadata", "rename the field")
        }
        return fields
    }

    /// JSON has text only: SOPS would put replacement characters in the place of other bytes.
    private static func asText(_ field: SOPSField) -> SOPSField {
        guard field.value.kind == .binary else { return field }
        var letters = field.value.bytes.withUnsafeBytes { Base64.encode($0, padded: true) }
        return SOPSField(
            path: field.path, value: SOPSValue(.string, SecretBytes(consuming: &letters), isEncrypted: true))
    }

    private static func asLine(_ field: SOPSField) throws(ManifestFailure) -> SOPSField {
        guard field.path.count == 1, let name = field.path.first else {
            throw unwritable("a dotenv file has no nested fields", "name the file .yaml or .json")
        }
        let isName =
            !name.hasPrefix("#") && !name.hasPrefix("sops_")
            && !name.utf8.contains { $0 == UInt8(ascii: "=") || $0 == 0x0a || $0 == 0x0d }
        guard isName else {
            throw unwritable(
                "the field \(quoted(name)) cannot be a name in a dotenv file", "name the file .yaml or .json")
        }
        // Nothing stands for nothing here.
        if field.value.kind == .null {
            return SOPSField(path: field.path, value: SOPSValue(.string, SecretBytes([]), isEncrypted: false))
        }
        return asText(field)
    }

    private static func unwritable(_ problem: String, _ hint: String?) -> ManifestFailure {
        ManifestFailure(.sopsUnwritable, problem, hint: hint)
    }
}
