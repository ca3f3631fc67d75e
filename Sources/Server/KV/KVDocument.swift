internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// The documents of the KV API.
enum KVDocument {
    /// The envelope around `data`.
    static func envelope(_ requestID: String, data: JSON = .null, auth: JSON = .null) -> [String: JSON] {
        [
            "request_id": .string(requestID), "lease_id": "", "renewable": false, "lease_duration": 0, "data": data,
            "wrap_info": .null, "warnings": .null, "auth": auth,
        ]
    }

    /// The same around a value, which is never made a `String` of.
    static func reading(_ requestID: String, _ value: SecretValue, _ version: KVVersion) -> SecretBytes {
        reading(value, version, before: end(requestID))
    }

    /// What is the same in each answer; ``end(_:)`` follows it.
    static func reading(_ value: SecretValue, _ version: KVVersion, before end: [UInt8] = []) -> SecretBytes {
        let tail = frame.metadata + metadata(version).canonicalBytes + frame.requestID + end
        return value.kvForm.revealJSON(behind: frame.data, before: tail)
    }

    static func end(_ requestID: String) -> [UInt8] { Array(requestID.utf8) + frame.end }

    /// What stands in an envelope in front of data, metadata and request id, and at its end. The id is the only one of them
    /// behind the metadata, as sorted keys have it.
    private static let frame: (data: [UInt8], metadata: [UInt8], requestID: [UInt8], end: [UInt8]) = {
        let marks = ["%data%", "%metadata%", "%id%"]
        let whole = JSON.object(envelope(marks[2], data: ["data": .string(marks[0]), "metadata": .string(marks[1])]))
        var parts: [[UInt8]] = []
        var rest = whole.canonicalBytes[...]
        for mark in marks {
            // The id stays within its quotes.
            let text = Array((mark == marks[2] ? mark : "\"\(mark)\"").utf8)
            guard let place = rest.firstRange(of: text) else {
                preconditionFailure("the envelope holds what it was given")
            }
            parts.append(Array(rest[..<place.lowerBound]))
            rest = rest[place.upperBound...]
        }
        return (parts[0], parts[1], parts[2], Array(rest))
    }()

    static func metadata(_ version: KVVersion) -> JSON {
        [
            "version": .integer(version.number), "created_time": .string(time(version.createdAt)),
            "deletion_time": .string(time(version.deletionAt)), "destroyed": .bool(version.isDestroyed),
            "custom_metadata": custom(version.custom),
        ]
    }

    static func secret(_ secret: KVSecret) -> JSON {
        let versions = secret.versions.map { record -> (String, JSON) in
            let version = secret.describe(record)
            return (
                "\(version.number)",
                [
                    "created_time": .string(time(version.createdAt)),
                    "deletion_time": .string(time(version.deletionAt)), "destroyed": .bool(version.isDestroyed),
                ]
            )
        }
        return [
            "versions": .object(Dictionary(versions, uniquingKeysWith: { $1 })),
            "current_version": .integer(secret.currentVersion),
            "oldest_version": .integer(secret.versions.first?.number ?? 0),
            "created_time": .string(time(secret.record.createdAt)),
            "updated_time": .string(time(secret.record.updatedAt)),
            "max_versions": .integer(secret.settings.maxVersions), "cas_required": .bool(secret.settings.casRequired),
            "metadata_cas_required": .bool(secret.settings.metadataCASRequired),
            "current_metadata_version": .integer(secret.settings.number),
            "delete_version_after": .string(duration(secret.settings.deleteVersionAfter)),
            "custom_metadata": custom(secret.custom),
        ]
    }

    private static func custom(_ members: [String: String]) -> JSON {
        members.isEmpty ? .null : .object(members.mapValues(JSON.string))
    }

    /// RFC 3339 with nanoseconds; empty for none.
    static func time(_ time: Timestamp?) -> String {
        time.map { "\($0.description.dropLast())000000Z" } ?? ""
    }

    /// As Go writes a duration: `3h25m19s`.
    static func duration(_ span: TimeSpan) -> String {
        let (hours, minutes, seconds) = (span.seconds / 3600, span.seconds / 60 % 60, span.seconds % 60)
        if hours > 0 { return "\(hours)h\(minutes)m\(seconds)s" }
        return minutes > 0 ? "\(minutes)m\(seconds)s" : "\(seconds)s"
    }

    /// A number of seconds, or a duration as text.
    static func span(_ value: JSON?, _ name: String) throws(ServiceFailure) -> TimeSpan? {
        switch value {
        case nil, .null: return nil
        case .integer(let seconds) where seconds >= 0: return TimeSpan(seconds: seconds)
        case .string(let text):
            if let seconds = Int64(text), seconds >= 0 { return TimeSpan(seconds: seconds) }
            if text.isEmpty { return nil }
            if let span = TimeSpan(text) { return span }
        default: break
        }
        throw ServiceFailure(.badRequest, "`\(name)` is no duration; write for example 3h25m or a number of seconds")
    }

    /// A number, or text that is one.
    static func number(_ value: JSON?, _ name: String) throws(ServiceFailure) -> Int64? {
        switch value {
        case nil, .null: return nil
        case .integer(let number) where number >= 0: return number
        case .string(let text):
            if let number = Int64(text), number >= 0 { return number }
        default: break
        }
        throw ServiceFailure(.badRequest, "`\(name)` is no number")
    }

    static func flag(_ value: JSON?, _ name: String) throws(ServiceFailure) -> Bool? {
        switch value {
        case nil, .null: return nil
        case .bool(let flag): return flag
        case .string("true"): return true
        case .string("false"): return false
        default: throw ServiceFailure(.badRequest, "`\(name)` is true or false")
        }
    }
}
