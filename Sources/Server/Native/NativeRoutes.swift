internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// What stands below `/v1/reseal/`: the vault in its own words.
struct NativeRoutes: Sendable {
    static let root = "reseal"
    static let description = "\(root)/openapi.json"

    let service: SecretService
    let rotator: any SecretRotator
    /// Of the program.
    let version: String
    /// What tools are told of it all; the same for everyone.
    let openAPI: APIReply
    /// Who waits for changes keeps no place for long that another one needs for a request.
    let waiting = InFlight(limit: 512, ofAddress: 64)

    init(service: SecretService, rotator: any SecretRotator, version: String) {
        self.service = service
        self.rotator = rotator
        self.version = version
        openAPI = .document(200, OpenAPI.document(version: version))
    }

    /// - Parameter path: behind `reseal/`.
    func answer(_ request: APIRequest, _ path: String, _ session: Session) async throws -> APIReply {
        let fitting = Self.table.compactMap { route in route.match(path).map { (route, name: $0) } }
        if let (route, name) = fitting.first(where: { $0.0.method.rawValue == request.method }) {
            try route.check(request.query)
            return try await route.answer(self, request, name, session)
        }
        guard !fitting.isEmpty else { throw ServiceFailure(.notFound, "there is no such path") }
        var reply = APIDialect.native.refusal(405, "api.method", "unsupported operation")
        reply.headers["allow"] = fitting.map(\.0.method.rawValue).joined(separator: ", ")
        return reply
    }

    private func id(_ name: String, _ session: Session) throws -> SecretID {
        try SecretID(validating: name, organization: session.token.organization)
    }

    // MARK: Reading

    func list(_ request: APIRequest, _: String, _ session: Session) async throws -> APIReply {
        let limit = try request.number("limit").map { Int(clamping: $0) } ?? .max
        let infos = try await service.infos(
            prefix: try request.beginningOfName("prefix"), after: try request.beginningOfName("after"),
            // One more than asked for tells whether there are more.
            limit: limit == .max ? nil : limit + 1, includingDeleted: try request.flag("deleted"), by: session)
        var document: [String: JSON] = ["secrets": .array(infos.prefix(limit).map(\.document))]
        if infos.count > limit, let last = infos.prefix(limit).last { document["next"] = .string(last.id.name) }
        return .document(200, .object(document))
    }

    func read(_ request: APIRequest, _ name: String, _ session: Session) async throws -> APIReply {
        let id = try id(name, session)
        let (version, value) = try await service.read(id, version: try request.number("version"), by: session)
        guard let value else { throw VaultFailure(.deleted, "this version of \(id) is deleted") }
        return try reply(
            to: request,
            SecretReading(id: id, version: version.number, createdAt: version.createdAt, value: value))
    }

    /// The answer to a read; 304 where the caller has it.
    func reply(to request: APIRequest, _ reading: SecretReading) throws -> APIReply {
        let tag = Self.tag(reading.version)
        let headers = ["etag": tag]
        if let known = request.header("if-none-match"), known == "*" || Self.tags(known).contains(tag) {
            return APIReply(304, headers: headers)
        }
        return APIReply(200, body: try reading.document(field: request.query["field"]), headers: headers)
    }

    func readMany(_ request: APIRequest, _: String, _ session: Session) async throws -> APIReply {
        let wanted = try BatchRequest(request.members(), organization: session.token.organization)
        let results = try await service.readings(wanted.references, by: session)
        var parts = [SecretBytes(utf8: "{\"secrets\":[")]
        for (index, result) in results.enumerated() {
            if index > 0 { parts.append(SecretBytes(utf8: ",")) }
            parts.append(wanted.document(index, result))
        }
        parts.append(SecretBytes(utf8: "]}"))
        return APIReply(200, body: SecretBytes.joined(parts))
    }

    func versions(_: APIRequest, _ name: String, _ session: Session) async throws -> APIReply {
        let versions = try await service.versions(of: try id(name, session), by: session)
        return .document(200, ["versions": .array(versions.map(\.document))])
    }

    // MARK: Writing

    func write(_ request: APIRequest, _ name: String, _ session: Session) async throws -> APIReply {
        let id = try id(name, session)
        let order = try WriteRequest(request)
        let version = try await service.write(id, order.content, check: order.check, by: session)
        return Self.reply(SecretWriting(id: id, version: version.number, isManaged: version.isManaged))
    }

    func rollback(_ request: APIRequest, _ name: String, _ session: Session) async throws -> APIReply {
        let members = try request.members()
        guard Set(members.keys).isSubset(of: ["to"]) else {
            throw ServiceFailure(.badRequest, "the body has a key other than `to`")
        }
        return Self.reply(
            try await service.rollback(
                try id(name, session), to: try members["to"].flatMap { try $0.versionNumber("to") },
                check: try request.expectedVersion(), by: session))
    }

    func delete(_ request: APIRequest, _ name: String, _ session: Session) async throws -> APIReply {
        Self.reply(
            try await service.remove(
                try id(name, session), destroying: try request.flag("destroy"),
                check: try request.expectedVersion(), by: session))
    }

    private static func reply(_ writing: SecretWriting) -> APIReply {
        APIReply(
            200, body: SecretBytes(writing.document.canonicalBytes), headers: ["etag": tag(writing.version)])
    }

    // MARK: Tags

    static func tag(_ version: Int64) -> String { "\"v\(version)\"" }

    /// Weak ones mean the same here: a version's value never changes.
    private static func tags(_ header: String) -> [String] {
        header.split(separator: ",").map { text in
            let tag = text.drop(while: \.isWhitespace)
            return String(tag.hasPrefix("W/") ? tag.dropFirst(2) : tag)
        }
    }

    // MARK: About the caller and the vault

    func whoAmI(_: APIRequest, _: String, _ session: Session) async throws -> APIReply {
        let token = try await service.lookUpSelf(by: session)
        return .document(
            200,
            [
                "principal": .string(token.principal.description), "organization": .string(token.organization),
                "accessor": .string(token.accessor), "scope": token.scope.json,
                "expires_at": .string(token.expiresAt.description), "renewable": .bool(token.isRenewable),
                "uses_left": token.usesLeft.map(JSON.integer) ?? .null, "break_glass": .bool(token.isBreakGlass),
            ])
    }

    func revokeToken(_: APIRequest, _: String, _ session: Session) async throws -> APIReply {
        try await service.revokeSelf(by: session)
        return .empty
    }

    func status(_: APIRequest, _: String, _ session: Session) async throws -> APIReply {
        let cursor = try await service.changes(since: nil, by: session).cursor
        return .document(
            200,
            [
                "version": .string(version), "time": .string(service.clock.now().description),
                "cursor": .integer(cursor),
            ])
    }
}
