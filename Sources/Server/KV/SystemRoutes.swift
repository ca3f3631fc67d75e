internal import ResealCore
internal import ResealVault

/// What stands below `sys`.
struct SystemRoutes: Sendable {
    let service: SecretService

    /// What is answered without a token; `nil` for everything else.
    static func open(_ request: APIRequest, version: String, now: Timestamp) -> APIReply? {
        switch (request.path, request.verb) {
        case ("sys/health", .read):
            let code = request.query["activecode"].flatMap { Int($0) }.flatMap { (200...599).contains($0) ? $0 : nil }
            return .document(
                code ?? 200,
                [
                    "initialized": true, "sealed": false, "standby": false, "performance_standby": false,
                    "server_time_utc": .integer(now.milliseconds / 1000), "version": .string(version),
                    "cluster_name": "reseal", "cluster_id": "",
                ])
        case ("sys/seal-status", .read):
            return .document(
                200,
                [
                    "type": "reseal", "initialized": true, "sealed": false, "t": 1, "n": 1, "progress": 0,
                    "nonce": "", "version": .string(version), "migration": false, "recovery_seal": false,
                    "storage_type": "reseal",
                ])
        case ("sys/leader", .read):
            return .document(
                200,
                [
                    "ha_enabled": false, "is_self": false, "leader_address": "", "leader_cluster_address": "",
                    "performance_standby": false, "performance_standby_last_remote_wal": 0,
                ])
        default: return nil
        }
    }

    func answer(_ request: APIRequest, _ path: String, _ session: Session) async throws -> APIReply? {
        if path == "mounts", request.verb == .read {
            let mounts: JSON = ["\(KVRoutes.mount)/": Self.mount]
            return reply(request, mounts, merging: mounts)
        }
        if path == "internal/ui/mounts", request.verb == .read {
            return reply(request, ["auth": [:], "secret": ["\(KVRoutes.mount)/": Self.mount]])
        }
        if let wanted = path.below("internal/ui/mounts"), request.verb == .read { return preflight(request, wanted) }
        if path == "capabilities-self", request.verb == .write { return try await capabilities(request, session) }
        return nil
    }

    /// Clients take a 404 for a mount of version 1, so that what is unknown is forbidden.
    private func preflight(_ request: APIRequest, _ wanted: String) -> APIReply {
        guard wanted == KVRoutes.mount || wanted.hasPrefix("\(KVRoutes.mount)/") else {
            return .errors(
                403,
                "preflight capability check returned 403, please ensure client's policies grant access to path "
                    + "\"\(wanted.prefix(200))/\"")
        }
        var data = Self.mount.objectValue ?? [:]
        data["path"] = .string("\(KVRoutes.mount)/")
        return reply(request, .object(data))
    }

    private static let mount: JSON = [
        "accessor": "kv_reseal", "config": ["default_lease_ttl": 0, "force_no_cache": false, "max_lease_ttl": 0],
        "description": "secrets of the vault", "external_entropy_access": false, "local": false,
        "options": ["version": "2"], "plugin_version": "", "running_plugin_version": "", "running_sha256": "",
        "seal_wrap": false, "type": "kv", "uuid": "00000000-0000-4000-8000-000000000000",
    ]

    private func reply(_ request: APIRequest, _ data: JSON, merging: JSON = [:]) -> APIReply {
        let envelope = KVDocument.envelope(request.caller.requestID, data: data)
        return .document(200, .object(envelope.merging(merging.objectValue ?? [:]) { a, _ in a }))
    }

    // MARK: Capabilities

    private func capabilities(_ request: APIRequest, _ session: Session) async throws -> APIReply {
        let members = try request.members()
        let one = members["path"]?.stringValue.map { [$0] }
        let paths = members["paths"]?.arrayValue?.compactMap(\.stringValue) ?? one ?? []
        guard !paths.isEmpty, paths.count <= 100 else {
            throw ServiceFailure(.badRequest, "paths must be supplied, 100 at most")
        }
        var data: [String: JSON] = [:]
        for path in paths {
            let words = try await capabilities(path, session)
            data[path] = .array((words.isEmpty ? ["deny"] : words).map(JSON.string))
        }
        data["capabilities"] = data[paths[0]]
        return reply(request, .object(data), merging: .object(data))
    }

    private func capabilities(_ path: String, _ session: Session) async throws -> [String] {
        let text = path.hasSuffix("/") ? String(path.dropLast()) : path
        if text.below("auth/token") != nil || text.below(WrappingRoutes.folder) != nil
            || text == "sys/capabilities-self"
        {
            return ["create", "read", "update"]
        }
        guard let rest = text.below(KVRoutes.mount), let slash = rest.firstIndex(of: "/") else { return [] }
        let name = String(rest[rest.index(after: slash)...])
        guard let id = try? SecretID(validating: name, organization: session.token.organization) else { return [] }
        let actions = Set(try await service.capabilities(id, by: session))
        func when(_ action: AccessAction, _ words: String...) -> [String] { actions.contains(action) ? words : [] }
        switch rest[..<slash] {
        case "data":
            return when(.write, "create") + when(.delete, "delete") + when(.write, "patch") + when(.read, "read")
                + when(.write, "update")
        case "metadata":
            return when(.write, "create") + when(.delete, "delete") + when(.list, "list") + when(.write, "patch")
                + when(.list, "read") + when(.write, "update")
        case "subkeys": return when(.read, "read")
        case "delete", "destroy": return when(.delete, "update")
        case "undelete": return when(.write, "update")
        default: return []
        }
    }
}
