internal import ResealCore
internal import ResealVault

/// The paths of Vault's HTTP API that are spoken here.
struct VaultAPI: Sendable {
    let service: SecretService
    let version: String

    /// - Returns: the reply, and whether a token was shown that is not valid.
    func answer(_ request: APIRequest) async -> (reply: APIReply, isAuthenticationFailure: Bool) {
        do {
            if let open = SystemRoutes.open(request, version: version, now: service.clock.now()) {
                return (open, false)
            }
            try Self.refuseUnsupported(request)
            guard let token = request.token else { return (.errors(403, "permission denied"), false) }
            let session = try await service.authenticate(token, request.caller)
            try Self.checkNamespace(request, session)
            return (try await route(request, session), false)
        } catch let failure as TokenFailure where failure.kind == .invalid {
            return (.errors(403, "permission denied"), true)
        } catch {
            return (Self.reply(to: error), false)
        }
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
    private static func checkNamespace(_ request: APIRequest, _ session: Session) throws(ServiceFailure) {
        guard let text = request.header("x-vault-namespace") else { return }
        let namespace = text.split(separator: "/").joined(separator: "/")
        guard namespace.isEmpty || namespace == session.token.organization else { throw .denied }
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
