internal import ResealCore
internal import ResealVault

/// The paths of Vault's HTTP API that are spoken here.
struct VaultAPI: Sendable {
    let service: SecretService
    let version: String

    /// What the head of a request leads to.
    enum Entrance {
        case session(Session)
        /// There is no valid token in it.
        case stranger(APIReply)
        case refused(APIReply)
    }

    /// What everyone is told; `nil` for everything else.
    func open(_ request: APIRequest) -> APIReply? {
        SystemRoutes.open(request, version: version, now: service.clock.now())
    }

    /// Who asks, by the head of the request alone.
    ///
    /// - Parameter isLocked: then a stranger leaves no record, for each costs a sync.
    func enter(_ request: APIRequest, isLocked: Bool) async -> Entrance {
        do {
            try Self.refuseUnsupported(request)
            guard let token = request.token, let found = try await service.find(token) else {
                if !isLocked { _ = try await service.refuse(request.caller) }
                return .stranger(.errors(403, "permission denied"))
            }
            let session = try await service.begin(found, request.caller)
            guard Self.isOwnNamespace(request, session) else { throw try await service.refuse(session) }
            return .session(session)
        } catch let failure as TokenFailure where failure.kind == .invalid {
            return .stranger(.errors(403, "permission denied"))
        } catch {
            return .refused(Self.reply(to: error))
        }
    }

    func answer(_ request: APIRequest, _ session: Session) async -> APIReply {
        do { return try await route(request, session) } catch { return Self.reply(to: error) }
    }

    private func route(_ request: APIRequest, _ session: Session) async throws -> APIReply {
        let (path, mount) = (request.path, KVRoutes.mount)
        if path == mount || path.hasPrefix("\(mount)/") {
            let rest = String(path.dropFirst(mount.count + 1))
            return try await KVRoutes(service: service).answer(request, rest, session)
        }
        if let rest = path.below("auth/token") {
            return try await TokenRoutes(service: service).answer(request, rest, session)
        }
        if let rest = path.below("sys"),
            let reply = try await SystemRoutes(service: service).answer(request, rest, session)
        {
            return reply
        }
        return .errors(404, "no handler for route \"\(path.prefix(200))\". route entry not found.")
    }

    /// What would change the meaning of an answer must not be passed over.
    private static func refuseUnsupported(_ request: APIRequest) throws(ServiceFailure) {
        guard request.header("x-vault-wrap-ttl") == nil else {
            throw ServiceFailure(.badRequest, "response wrapping is not supported")
        }
    }

    /// A token belongs to one organization, which is its only namespace.
    private static func isOwnNamespace(_ request: APIRequest, _ session: Session) -> Bool {
        guard let text = request.header("x-vault-namespace") else { return true }
        let namespace = text.split(separator: "/").joined(separator: "/")
        return namespace.isEmpty || namespace == session.token.organization
    }

    private static func reply(to error: any Error) -> APIReply {
        let failure = UnexpectedFailure.wrapping(error)
        switch failure {
        case let failure as ServiceFailure:
            switch failure.kind {
            case .denied, .managedByGit, .protected: return .errors(403, failure.message)
            case .notFound: return .errors(404)
            case .badRequest: return .errors(400, failure.message)
            }
        case is TokenFailure, is NameFailure: return .errors(400, failure.message)
        case let failure as VaultFailure:
            switch failure.kind {
            case .invalidValue: return .errors(400, failure.message)
            case .locked, .serialMoved, .diskFull, .readOnly:
                return .errors(503, "the vault cannot answer now: \(failure.code)")
            default: return .errors(500, "internal error: \(failure.code)")
            }
        default: return .errors(500, "internal error: \(failure.code)")
        }
    }
}

extension String {
    /// What stands behind `folder/`; `nil` for a path that is not below it.
    func below(_ folder: String) -> String? {
        hasPrefix("\(folder)/") ? String(dropFirst(folder.count + 1)) : nil
    }
}
