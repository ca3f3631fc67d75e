package import ResealCore
package import ResealSealing

// The documents of the command line and of the API: what one side writes, the other side reads.

extension SecretReading {
    /// `{"name":…,"organization":…,"version":…,"created_at":…,"value":…}`; the value is never made a `String` of. With
    /// `binary` where some of its texts are base64.
    package func document(field: String? = nil) throws -> SecretBytes {
        let value = try field.map { try self.value.field($0, of: id) } ?? value
        var head: [String: JSON] = [
            "created_at": .string(createdAt.description), "name": .string(id.name),
            "organization": .string(id.organization), "version": .integer(version),
        ]
        if !value.binaryFields.isEmpty { head["binary"] = .array(value.binaryFields.map(JSON.string)) }
        return SecretBytes.joined([
            SecretBytes(JSON.object(head).canonicalBytes.dropLast() + Array(",\"value\":".utf8)), value.revealJSON(),
            SecretBytes(utf8: "}"),
        ])
    }

    /// `nil` for another document.
    package init?(_ json: SecretJSON) {
        guard let name = json["name"]?.text, let organization = json["organization"]?.text,
            let id = try? SecretID(validating: name, organization: organization),
            let version = json["version"]?.integer, let time = json["created_at"]?.text.flatMap({ Timestamp($0) }),
            let content = json["value"],
            let value = try? SecretValue(content, binary: Set((json["binary"]?.items ?? []).compactMap(\.text)))
        else { return nil }
        self.init(id: id, version: version, createdAt: time, value: value)
    }
}

extension SecretValue {
    /// `{"value":…}`, with `binary` where some of its texts are base64: what a write sends.
    package func document() -> SecretBytes {
        let binary = JSON.array(binaryFields.map(JSON.string)).canonicalBytes
        let head = binaryFields.isEmpty ? [] : Array("\"binary\":".utf8) + binary + Array(",".utf8)
        return SecretBytes.joined([
            SecretBytes(Array("{".utf8) + head + Array("\"value\":".utf8)), revealJSON(), SecretBytes(utf8: "}"),
        ])
    }
}

extension SecretWriting {
    package var document: JSON {
        [
            "name": .string(id.name), "organization": .string(id.organization), "version": .integer(version),
            "managed_by_git": .bool(isManaged),
        ]
    }

    package init?(_ json: JSON) {
        guard let id = SecretID(document: json), let version = json["version"]?.integerValue,
            let isManaged = json["managed_by_git"]?.boolValue
        else { return nil }
        self.init(id: id, version: version, isManaged: isManaged)
    }
}

extension SecretRotation {
    package var document: JSON {
        [
            "name": .string(id.name), "organization": .string(id.organization), "version": .integer(version),
            "resumed": .bool(isResumed), "write_back_pending": .bool(isWriteBackPending),
            "retires_at": retiresAt.map { .string($0.description) } ?? .null,
        ]
    }

    package init?(_ json: JSON) {
        guard let id = SecretID(document: json), let version = json["version"]?.integerValue,
            let isResumed = json["resumed"]?.boolValue, let isPending = json["write_back_pending"]?.boolValue
        else { return nil }
        self.init(
            id: id, version: version, isResumed: isResumed, isWriteBackPending: isPending,
            retiresAt: json["retires_at"]?.stringValue.flatMap { Timestamp($0) })
    }
}

extension SecretInfo {
    /// Without the manifest, which says who else may do what.
    package var document: JSON {
        [
            "name": .string(id.name), "organization": .string(id.organization), "version": .integer(currentVersion),
            "active": .bool(isActive), "managed_by_git": .bool(isManaged),
            "drift": drift.map { .string($0) } ?? .null, "updated_at": .string(updatedAt.description),
        ]
    }

    package init?(_ json: JSON) {
        guard let id = SecretID(document: json), let version = json["version"]?.integerValue,
            let isActive = json["active"]?.boolValue, let isManaged = json["managed_by_git"]?.boolValue,
            let updatedAt = json["updated_at"]?.stringValue.flatMap({ Timestamp($0) })
        else { return nil }
        self.init(
            id: id, isActive: isActive, currentVersion: version, isManaged: isManaged,
            drift: json["drift"]?.word, updatedAt: updatedAt, spec: [])
    }
}

extension VersionInfo {
    package var document: JSON {
        [
            "version": .integer(number), "state": .string(state), "origin": .string(origin),
            "created_at": .string(createdAt.description), "created_by": .string(createdBy.description),
            "source": source.map { .string($0) } ?? .null,
            "restored_from": restoredFrom.map { .integer($0) } ?? .null,
            "kept_until": keptUntil.map { .string($0.description) } ?? .null,
            "destroyed_at": destroyedAt.map { .string($0.description) } ?? .null,
        ]
    }

    package init?(_ json: JSON) {
        guard let number = json["version"]?.integerValue, let state = json["state"]?.word,
            let origin = json["origin"]?.word,
            let createdAt = json["created_at"]?.stringValue.flatMap({ Timestamp($0) }),
            let createdBy = json["created_by"]?.stringValue.flatMap({ Principal($0) })
        else { return nil }
        self.init(
            number: number, state: state, origin: origin, createdAt: createdAt, createdBy: createdBy,
            source: json["source"]?.stringValue, restoredFrom: json["restored_from"]?.integerValue,
            keptUntil: json["kept_until"]?.stringValue.flatMap { Timestamp($0) },
            destroyedAt: json["destroyed_at"]?.stringValue.flatMap { Timestamp($0) })
    }
}

extension SecretID {
    fileprivate init?(document json: JSON) {
        guard let name = json["name"]?.stringValue, let organization = json["organization"]?.stringValue,
            let id = try? SecretID(validating: name, organization: organization)
        else { return nil }
        self = id
    }
}

extension JSON {
    /// One word of ours. Whoever prints what a server says must not print what a terminal obeys.
    fileprivate var word: String? {
        stringValue.flatMap { $0.utf8.allSatisfy { (97...122).contains($0) || $0 == UInt8(ascii: "-") } ? $0 : nil }
    }
}
