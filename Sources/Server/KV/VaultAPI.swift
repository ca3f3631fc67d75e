internal import ResealCore
internal import ResealVault

/// The paths of Vault's HTTP API that are spoken here.
struct VaultAPI: Sendable {
    let service: SecretService
    let native: NativeRoutes
    let logins: LoginRoutes

    /// What the head of a request leads to.
    enum Entrance {
        case session(Session)
        /// Whoever it is may ask, and proves himself by what stands in the body.
        case anyone
        /// There is no valid token in it.
        case stranger(APIReply)
        case refused(APIReply)
    }

    /// What everyone is told; `nil` for everything else.
    func open(_ request: APIRequest) -> APIReply? {
        if request.path == NativeRoutes.description, request.method == "GET" {
            return native.openAPI
        }
        return SystemRoutes.open(request, version: native.version, now: service.clock.now())
    }

    /// Who asks, by the head of the request alone.
    ///
    /// - Parameter isLocked: then a stranger leaves no record, for each costs a sync.
    func enter(_ request: APIRequest, isLocked: Bool) async -> Entrance {
        if LoginRoutes.isLogin(request) { return .anyone }
        do {
            guard let token = request.token, let found = try await service.find(token) else {
                if WrappingRoutes.isOpen(request) { return .anyone }
                if !isLocked { _ = try await service.refuse(request.caller) }
                return .stranger(Self.unknown(request.dialect))
            }
            let session = try await service.begin(found, request.caller)
            guard Self.isOwnNamespace(request, session) else { throw try await service.refuse(session) }
            return .session(session)
        } catch let failure as TokenFailure where failure.kind == .invalid {
            return .stranger(Self.unknown(request.dialect))
        } catch {
            return .refused(Self.reply(to: error, in: request.dialect))
        }
    }

    private static func unknown(_ dialect: APIDialect) -> APIReply {
        reply(to: TokenFailure(.invalid, "permission denied"), in: dialect)
    }

    func answer(_ request: APIRequest, _ session: Session) async -> APIReply {
        do {
            guard let wrapping = try ResponseWrapping(request, service) else {
                return try await route(request, session)
            }
            guard !WrappingRoutes.isOpen(request) else {
                throw ServiceFailure(.badRequest, "what is unwrapped cannot be wrapped again: use sys/wrapping/rewrap")
            }
            try await wrapping.prepare(for: session.token.asker)
            let reply = try await route(request, session)
            return try await wrapping.wrap(reply, for: session.token.asker, by: session.context)
        } catch { return Self.reply(to: error, in: request.dialect) }
    }

    /// Answers whoever it is.
    ///
    /// - Returns: whether he proved himself, besides.
    func answerAnyone(_ request: APIRequest) async -> (reply: APIReply, isProven: Bool) {
        do {
            if LoginRoutes.isLogin(request) { return (try await logins.answer(request), true) }
            guard let rest = request.path.below(WrappingRoutes.folder) else { return (.errors(404), true) }
            let who = Unwrapper.anyone(request.caller, organization: request.namespace)
            return (try await WrappingRoutes(service: service).answer(request, rest, who), true)
        } catch let failure as ServiceFailure {
            // Nothing was shown that could prove anything: no better than a wrong token.
            do { _ = try await service.refuse(request.caller) } catch {
                return (Self.reply(to: error, in: .vault), false)
            }
            return (Self.reply(to: failure, in: .vault), false)
        } catch {
            return (Self.reply(to: error, in: .vault), !(error is TokenFailure || error is LoginFailure))
        }
    }

    private func route(_ request: APIRequest, _ session: Session) async throws -> APIReply {
        let (path, mount) = (request.path, KVRoutes.mount)
        if path == mount || path.hasPrefix("\(mount)/") {
            let rest = String(path.dropFirst(mount.count + 1))
            return try await KVRoutes(service: service).answer(request, rest, session)
        }
        if let rest = path.below(NativeRoutes.root) {
            return try await native.answer(request, rest, session)
        }
        if let rest = path.below("auth/token") {
            return try await TokenRoutes(service: service).answer(request, rest, session)
        }
        if let rest = path.below(WrappingRoutes.folder) {
            return try await WrappingRoutes(service: service).answer(request, rest, .session(session))
        }
        if let rest = path.below("sys"),
            let reply = try await SystemRoutes(service: service).answer(request, rest, session)
        {
            return reply
        }
        if path == "audit" { return try await AuditRoutes(service: service).answer(request, session) }
        guard request.dialect == .vault else { throw ServiceFailure(.notFound, "there is no such path") }
        return .errors(404, "no handler for route \"\(path.prefix(200))\". route entry not found.")
    }

    /// A token belongs to one organization, which is its only namespace.
    private static func isOwnNamespace(_ request: APIRequest, _ session: Session) -> Bool {
        request.namespace.map { $0 == session.token.organization } ?? true
    }

    static func reply(to error: any Error, in dialect: APIDialect) -> APIReply {
        let failure = UnexpectedFailure.wrapping(error)
        return dialect == .native ? NativeFailure.reply(to: failure) : reply(to: failure)
    }

    private static func reply(to failure: any UserFacingFailure) -> APIReply {
        switch failure {
        case let failure as ServiceFailure:
            switch failure.kind {
            case .denied, .managedByGit, .protected: return .errors(403, failure.message)
            case .notFound: return .errors(404)
            case .badRequest, .versionMismatch, .changesGone: return .errors(400, failure.message)
            }
        case is LoginFailure: return .errors(403, failure.message)
        case let failure as TokenFailure where failure.kind == .invalid: return .errors(403, failure.message)
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
        let length = folder.utf8.count
        guard utf8.count > length, utf8.starts(with: folder.utf8) else { return nil }
        let slash = utf8.index(utf8.startIndex, offsetBy: length)
        return utf8[slash] == UInt8(ascii: "/") ? String(self[utf8.index(after: slash)...]) : nil
    }
}
