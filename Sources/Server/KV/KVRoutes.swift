internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// What stands below the mount of the KV engine.
struct KVRoutes: Sendable {
    static let mount = "secret"
    private static let wrongPath = """
        Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If \
        using the Vault CLI, use 'vault kv get' for this operation.
        """
    let service: SecretService

    /// - Parameter path: behind `secret/`.
    func answer(_ request: APIRequest, _ path: String, _ session: Session) async throws -> APIReply {
        let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.count > 1 ? String(parts[1]) : ""
        switch (String(parts.first ?? ""), request.verb) {
        case ("data", .read): return try await read(request, name, session)
        case ("data", .write): return try await write(request, name, session)
        case ("data", .patch): return try await patch(request, name, session)
        case ("data", .delete):
            try await service.delete(id(name, session), by: session)
            return .empty
        case ("delete", .write):
            try await service.delete(id(name, session), versions: try versions(request), by: session)
            return .empty
        case ("undelete", .write):
            try await service.undelete(id(name, session), versions: try versions(request), by: session)
            return .empty
        case ("destroy", .write):
            try await service.destroy(id(name, session), versions: try versions(request), by: session)
            return .empty
        case ("metadata", .list), ("metadata", .scan): return try await list(request, name, session)
        case ("detailed-metadata", .list), ("detailed-metadata", .scan):
            return try await list(request, name, session, isDetailed: true)
        case ("metadata", .read):
            let secret = try await service.metadata(id(name, session), by: session)
            return Self.document(request, KVDocument.secret(secret))
        case ("metadata", .write), ("metadata", .patch): return try await setMetadata(request, name, session)
        case ("metadata", .delete):
            try await service.erase(id(name, session), by: session)
            return .empty
        case ("subkeys", .read): return try await subkeys(request, name, session)
        case ("config", .read) where name.isEmpty:
            return Self.document(
                request,
                [
                    "max_versions": .integer(KVSettings.defaultMaxVersions), "cas_required": false,
                    "delete_version_after": "0s",
                ])
        case ("data", _), ("metadata", _), ("delete", _), ("undelete", _), ("destroy", _), ("subkeys", _),
            ("config", _), ("detailed-metadata", _):
            return .errors(405, "unsupported operation")
        default: return .document(404, ["errors": [], "warnings": [.string(Self.wrongPath)]])
        }
    }

    private func id(_ name: String, _ session: Session) throws -> SecretID {
        try SecretID(validating: name, organization: session.token.organization)
    }

    private static func document(_ request: APIRequest, _ data: JSON) -> APIReply {
        document(request.caller.requestID, data)
    }

    static func document(_ requestID: String, _ data: JSON) -> APIReply {
        .document(200, .object(KVDocument.envelope(requestID, data: data)))
    }

    // MARK: Values

    private func read(_ request: APIRequest, _ name: String, _ session: Session) async throws -> APIReply {
        let (version, value) = try await service.read(
            id(name, session), version: try request.number("version"), by: session)
        guard let value else { return gone(request, version) }
        return APIReply(200, body: KVDocument.reading(request.caller.requestID, value, version))
    }

    /// A version that was deleted or destroyed: not found, and yet with all that is known of it.
    private func gone(_ request: APIRequest, _ version: KVVersion, key: String = "data") -> APIReply {
        let data: JSON = .object([key: .null, "metadata": KVDocument.metadata(version)])
        return .document(404, .object(KVDocument.envelope(request.caller.requestID, data: data)))
    }

    private func subkeys(_ request: APIRequest, _ name: String, _ session: Session) async throws -> APIReply {
        let depth = try request.number("depth") ?? 0
        let (version, value) = try await service.read(
            id(name, session), version: try request.number("version"), by: session)
        guard let value else { return gone(request, version, key: "subkeys") }
        return Self.document(
            request,
            [
                "subkeys": value.kvForm.subkeys(depth: Int(clamping: depth)),
                "metadata": KVDocument.metadata(version),
            ])
    }

    private func write(_ request: APIRequest, _ name: String, _ session: Session) async throws -> APIReply {
        let (content, check) = try Self.content(of: request)
        let version = try await service.write(id(name, session), content, check: check, by: session)
        return Self.document(request, KVDocument.metadata(version))
    }

    /// What a write says.
    static func content(of request: APIRequest) throws -> (SecretService.Content, check: Int64?) {
        let members = try request.members()
        guard case .object(let data) = members["data"] else { throw ServiceFailure(.badRequest, "no data provided") }
        try requireExact(.object(data))
        return (.replaceMapping(try SecretValue(kv: data)), try check(members))
    }

    private func patch(_ request: APIRequest, _ name: String, _ session: Session) async throws -> APIReply {
        guard request.isMergePatch else { return .errors(415, "the content type is not application/merge-patch+json") }
        let members = try request.members()
        guard let data = members["data"], case .object = data else {
            throw ServiceFailure(.badRequest, "no data provided")
        }
        try Self.requireExact(data)
        let version = try await service.write(
            id(name, session), .merge(data), check: try Self.check(members), by: session)
        return Self.document(request, KVDocument.metadata(version))
    }

    /// What would be kept with other digits than it was sent with is refused.
    private static func requireExact(_ value: JSON) throws(ServiceFailure) {
        switch value {
        case .object(let members): for member in members.values { try requireExact(member) }
        case .number(let number) where number.magnitude >= 0x1p63:
            throw ServiceFailure(.badRequest, "a number is too large to be kept with all its digits: send it as text")
        default: break
        }
    }

    private static func check(_ members: [String: JSON]) throws -> Int64? {
        try KVDocument.number(members["options"]?["cas"], "cas")
    }

    private func versions(_ request: APIRequest) throws -> [Int64] {
        let list = try request.members()["versions"]?.arrayValue ?? []
        guard !list.isEmpty else { throw ServiceFailure(.badRequest, "No version number provided") }
        return try list.compactMap { try KVDocument.number($0, "versions") }
    }

    // MARK: Metadata

    private func list(
        _ request: APIRequest, _ folder: String, _ session: Session, isDetailed: Bool = false
    ) async throws -> APIReply {
        let prefix = folder.isEmpty ? "" : "\(folder)/"
        if !folder.isEmpty { _ = try id(folder, session) }
        var keys = try await service.list(prefix, deep: request.verb == .scan, by: session)
        if let after = request.query["after"], !after.isEmpty { keys = keys.filter { $0 > after } }
        if let limit = try request.number("limit"), limit > 0 { keys = Array(keys.prefix(Int(clamping: limit))) }
        var data: [String: JSON] = ["keys": .array(keys.map(JSON.string))]
        if isDetailed {
            var info: [String: JSON] = [:]
            for key in keys where !key.hasSuffix("/") {
                let secret = try await service.metadata(id(prefix + key, session), by: session)
                info[key] = KVDocument.secret(secret)
            }
            data["key_info"] = .object(info)
        }
        return Self.document(request, .object(data))
    }

    private func setMetadata(_ request: APIRequest, _ name: String, _ session: Session) async throws -> APIReply {
        if request.verb == .patch, !request.isMergePatch {
            return .errors(415, "the content type is not application/merge-patch+json")
        }
        let change = try KVMetadataChange(request.members(), isPatch: request.verb == .patch)
        try await service.setMetadata(id(name, session), by: session) { try change.apply(to: &$0) }
        return .empty
    }
}

extension APIRequest {
    fileprivate var isMergePatch: Bool {
        header("content-type")?.split(separator: ";").first.map { $0.lowercased() } == "application/merge-patch+json"
    }
}

/// What a request says of the settings beside a secret.
private struct KVMetadataChange: Sendable {
    private let maxVersions: Int64?
    private let casRequired: Bool?
    private let metadataCASRequired: Bool?
    private let deleteAfter: TimeSpan?
    private let check: Int64?
    /// A value of `nil` removes the key.
    private let custom: [String: String?]?
    private let isPatch: Bool

    init(_ members: [String: JSON], isPatch: Bool) throws(ServiceFailure) {
        maxVersions = try KVDocument.number(members["max_versions"], "max_versions")
        casRequired = try KVDocument.flag(members["cas_required"], "cas_required")
        metadataCASRequired = try KVDocument.flag(members["metadata_cas_required"], "metadata_cas_required")
        deleteAfter = try KVDocument.span(members["delete_version_after"], "delete_version_after")
        check = try KVDocument.number(members["metadata_cas"], "metadata_cas")
        self.isPatch = isPatch
        guard let given = members["custom_metadata"], given != .null else {
            custom = nil
            return
        }
        guard case .object(let entries) = given else {
            throw ServiceFailure(.badRequest, "custom_metadata validation failed: it is an object of texts")
        }
        var custom: [String: String?] = [:]
        for (key, value) in entries {
            if isPatch, value == .null {
                custom[key] = .some(nil)
                continue
            }
            guard let text = value.stringValue else {
                throw ServiceFailure(.badRequest, "custom_metadata validation failed: a value is no text")
            }
            custom[key] = text
        }
        self.custom = custom
    }

    func apply(to settings: inout KVSettings) throws(ServiceFailure) {
        if check == nil, settings.metadataCASRequired {
            throw ServiceFailure(.badRequest, "check-and-set parameter required for this call")
        }
        if let check, check != settings.number {
            throw ServiceFailure(.badRequest, "metadata check-and-set parameter does not match the current version")
        }
        if let maxVersions { settings.maxVersions = maxVersions }
        if let casRequired { settings.casRequired = casRequired }
        if let metadataCASRequired { settings.metadataCASRequired = metadataCASRequired }
        if let deleteAfter { settings.deleteVersionAfter = deleteAfter }
        guard let custom else { return }
        if !isPatch { settings.custom = [:] }
        for (key, value) in custom { settings.custom[key] = value }
        let areSizesRight = settings.custom.allSatisfy { key, value in
            (1...128).contains(key.utf8.count) && (1...512).contains(value.utf8.count)
        }
        guard settings.custom.count <= 64, areSizesRight else {
            throw ServiceFailure(
                .badRequest,
                "custom_metadata validation failed: 64 pairs at most, keys of 1 to 128 bytes, values of 1 "
                    + "to 512 bytes")
        }
    }
}
