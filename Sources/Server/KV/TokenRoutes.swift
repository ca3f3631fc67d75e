internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// What stands below `auth/token`.
struct TokenRoutes: Sendable {
    let service: SecretService

    func answer(_ request: APIRequest, _ path: String, _ session: Session) async throws -> APIReply {
        switch (path, request.verb) {
        case ("lookup-self", .read), ("lookup-self", .write):
            let record = try await service.lookUpSelf(by: session)
            return reply(request, data: document(record, token: request.token?.revealText()))
        case ("renew-self", .write): return try await renew(request, session)
        case ("revoke-self", .write):
            try await service.revokeSelf(by: session)
            return .empty
        case ("create", .write): return try await create(request, session)
        case ("lookup", .write):
            let record = try await service.lookUp(try reference(request, "token"), by: session)
            return reply(request, data: document(record, token: try request.members()["token"]?.stringValue))
        case ("lookup-accessor", .write):
            let record = try await service.lookUp(try reference(request, "accessor"), by: session)
            return reply(request, data: document(record, token: nil))
        case ("revoke", .write):
            try await service.revoke(try reference(request, "token"), by: session)
            return .empty
        case ("revoke-accessor", .write):
            try await service.revoke(try reference(request, "accessor"), by: session)
            return .empty
        default: return .errors(405, "unsupported operation")
        }
    }

    private func reference(_ request: APIRequest, _ key: String) throws -> TokenReference {
        guard let text = try request.members()[key]?.stringValue, !text.isEmpty else {
            throw ServiceFailure(.badRequest, "missing \(key)")
        }
        return key == "token" ? .token(SecretBytes(utf8: text)) : .accessor(text)
    }

    private func renew(_ request: APIRequest, _ session: Session) async throws -> APIReply {
        let increment = try KVDocument.span(request.members()["increment"], "increment")
        let record = try await service.renewSelf(increment, by: session)
        return reply(request, record, token: request.token ?? SecretBytes([]))
    }

    private func create(_ request: APIRequest, _ session: Session) async throws -> APIReply {
        let members = try request.members()
        for key in ["id", "role_name", "no_parent", "period"] where members[key].map(isSet) == true {
            throw ServiceFailure(.badRequest, "`\(key)` is not supported")
        }
        let own = session.token.principal
        let policies = members["policies"]?.arrayValue ?? []
        guard policies.allSatisfy({ $0.stringValue == own.description || $0.stringValue == "default" }) else {
            throw ServiceFailure(.badRequest, "there are no policies here: a token is narrowed by `scope`")
        }
        let uses = try KVDocument.number(members["num_uses"], "num_uses")
        let ttl = try span(members, "ttl") ?? session.token.ttl
        let wanted = TokenRequest(
            own, organization: session.token.organization, ttl: ttl,
            maxTTL: try span(members, "explicit_max_ttl"),
            isRenewable: try KVDocument.flag(members["renewable"], "renewable") ?? true,
            uses: uses == 0 ? nil : uses, scope: try scope(members["scope"], session.token.scope))
        let (token, record) = try await service.createToken(wanted, by: session)
        return reply(request, record, token: token)
    }

    /// `nil` for a time of nothing, which the command sends for one that its user left out.
    private func span(_ members: [String: JSON], _ name: String) throws(ServiceFailure) -> TimeSpan? {
        try KVDocument.span(members[name], name).flatMap { $0.seconds == 0 ? nil : $0 }
    }

    /// The command sends what its user left out as an empty value.
    private func isSet(_ value: JSON) -> Bool { ![.null, false, 0, "", "0s"].contains(value) }

    /// `{"prefixes": […], "actions": […]}`; what is left out is as in the parent's scope.
    private func scope(_ value: JSON?, _ parent: TokenScope) throws(ServiceFailure) -> TokenScope {
        guard let value, value != .null else { return parent }
        guard let members = value.objectValue, Set(members.keys).isSubset(of: ["prefixes", "actions"]) else {
            throw ServiceFailure(.badRequest, "`scope` is an object with `prefixes`, `actions` or both")
        }
        var scope = parent
        if let prefixes = try texts(members["prefixes"], "prefixes") { scope.prefixes = prefixes }
        if let words = try texts(members["actions"], "actions") {
            let actions = words.compactMap { AccessAction(rawValue: $0) }
            guard actions.count == words.count else {
                throw ServiceFailure(.badRequest, "`actions` of `scope` is wrong")
            }
            scope.actions = Set(actions)
        }
        return scope
    }

    private func texts(_ value: JSON?, _ name: String) throws(ServiceFailure) -> [String]? {
        guard let value, value != .null else { return nil }
        guard let list = value.arrayValue, list.allSatisfy({ $0.stringValue != nil }) else {
            throw ServiceFailure(.badRequest, "`\(name)` of `scope` is a list of texts")
        }
        return list.compactMap(\.stringValue)
    }

    private func reply(_ request: APIRequest, data: JSON) -> APIReply {
        .document(200, .object(KVDocument.envelope(request.caller.requestID, data: data)))
    }

    private func document(_ record: TokenRecord, token: String?) -> JSON {
        TokenDocument.lookup(record, token: token, at: service.clock.now())
    }

    private func reply(_ request: APIRequest, _ record: TokenRecord, token: SecretBytes) -> APIReply {
        let answer = TokenDocument.answer(
            record, token: token, requestID: request.caller.requestID, at: service.clock.now())
        return APIReply(200, body: answer, accessor: record.accessor)
    }
}
