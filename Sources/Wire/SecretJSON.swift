package import ResealCore
package import ResealSealing

/// A JSON document that holds values of secrets: each text and number stands in secret memory.
package enum SecretJSON: Sendable {
    case scalar(SecretValue.LeafType, SecretBytes)
    case array([SecretJSON])
    case object([String: SecretJSON])

    /// As strict as ``JSON/init(parsing:maximumDepth:)``.
    package init(parsing text: SecretBytes) throws(JSONFailure) {
        var bytes = text.revealBytes()
        defer { bytes.withUnsafeMutableBytes { explicitZero($0) } }
        self = try JSONParser<SecretJSON>.parse(bytes)
    }

    package subscript(key: String) -> SecretJSON? { members?[key] }

    package var members: [String: SecretJSON]? {
        if case .object(let members) = self { return members }
        return nil
    }

    package var items: [SecretJSON]? {
        if case .array(let items) = self { return items }
        return nil
    }

    /// For what is no secret.
    package var text: String? {
        guard case .scalar(.string, let bytes) = self else { return nil }
        return bytes.revealText()
    }

    /// For what is no secret.
    package var integer: Int64? {
        guard case .scalar(.integer, let bytes) = self else { return nil }
        return bytes.revealText().flatMap { Int64($0) }
    }

    package var isNull: Bool {
        if case .scalar(.null, _) = self { return true }
        return false
    }

    /// For a document, or a part of one, without secrets.
    package func revealJSON() -> JSON {
        switch self {
        case .object(let members): return .object(members.mapValues { $0.revealJSON() })
        case .array(let items): return .array(items.map { $0.revealJSON() })
        case .scalar(.string, let bytes): return .string(bytes.revealText() ?? "")
        case .scalar(_, let bytes): return bytes.withUnsafeBytes { (try? JSON(parsing: $0)) ?? .null }
        }
    }
}

extension SecretJSON: JSONForm {
    package init?(text: inout [UInt8]) {
        let secret = SecretBytes(consuming: &text)
        guard secret.isUTF8 else { return nil }
        self = .scalar(.string, secret)
    }

    package init?(number: ArraySlice<UInt8>) {
        let isInteger = number.allSatisfy { $0 == UInt8(ascii: "-") || (48...57).contains($0) }
        // Digits for more than any number has would be a way to keep a text where a number is expected.
        guard number.count <= 64 else { return nil }
        var digits = Array(number)
        self = .scalar(isInteger && number.count < 19 ? .integer : .number, SecretBytes(consuming: &digits))
    }

    package init(word: Bool?) {
        let text = word.map { $0 ? "true" : "false" } ?? "null"
        self = .scalar(word == nil ? .null : .boolean, SecretBytes(utf8: text))
    }

    package init(items: [SecretJSON]) { self = .array(items) }
    package init(members: [String: SecretJSON]) { self = .object(members) }
}

extension SecretValue {
    /// The value that ``revealJSON()`` wrote: undoes it together with ``binaryFields``.
    ///
    /// - Parameter binary: the fields whose text is base64.
    package init(_ json: SecretJSON, binary: Set<String> = []) throws {
        var leaves: [Leaf] = []
        if json.members?.isEmpty != true { try Self.collect(json, path: [], binary, into: &leaves) }
        try self.init(leaves: leaves)
        let missing = binary.subtracting(self.leaves.filter { $0.type == .binary }.map { Self.text(of: $0.path) })
        guard missing.isEmpty else {
            throw VaultFailure(.invalidValue, "`binary` names a field that the value does not have")
        }
    }

    private static func collect(
        _ json: SecretJSON, path: [String], _ binary: Set<String>, into leaves: inout [Leaf]
    ) throws {
        switch json {
        case .object(let members) where !members.isEmpty:
            for (key, member) in members { try collect(member, path: path + [key], binary, into: &leaves) }
        case .object, .array:
            throw VaultFailure(
                .invalidValue, "a value holds text, numbers, truth values, null, and objects of these",
                hint: "it holds no lists, and within it there are no empty objects")
        case .scalar(.string, let bytes) where binary.contains(text(of: path)):
            leaves.append(Leaf(path: path, type: .binary, bytes: try decoded(bytes)))
        case .scalar(let type, let bytes): leaves.append(Leaf(path: path, type: type, bytes: bytes))
        }
    }

    private static func decoded(_ base64: SecretBytes) throws -> SecretBytes {
        guard var bytes = base64.withUnsafeBytes({ Base64.decode($0, padded: true) }) else {
            throw VaultFailure(.invalidValue, "a field that `binary` names is no base64", hint: "with padding")
        }
        return SecretBytes(consuming: &bytes)
    }

    /// The fields whose JSON is base64, as ``text(of:)`` has them; of a scalar, the empty text.
    package var binaryFields: [String] { leaves.filter { $0.type == .binary }.map { Self.text(of: $0.path) } }

    /// One field, as a scalar. Throws ``VaultFailure/Kind/fieldNotFound`` with the names of those that are there.
    package func field(_ name: String, of id: SecretID) throws -> SecretValue {
        if let leaf = leaf(named: name) { return SecretValue(scalar: leaf.bytes, type: leaf.type) }
        let fields = leaves.map { SecretValue.text(of: $0.path) }.filter { !$0.isEmpty }
        let nearest = NearestName.suggestion(for: name, in: fields)
        throw VaultFailure(
            .fieldNotFound, "\(id) has no field `\(name)`",
            hint: nearest.map { "did you mean `\($0)`?" }
                ?? (fields.isEmpty ? "its value is a scalar" : "its fields: \(fields.joined(separator: ", "))"))
    }
}
