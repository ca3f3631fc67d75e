internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// What stands below `sys/wrapping`. A wrapping token is proof enough there, and nowhere else.
struct WrappingRoutes: Sendable {
    static let folder = "sys/wrapping"
    /// What is also answered to those who have nothing but a wrapping token.
    private static let open: Set = ["unwrap", "lookup", "rewrap"]
    let service: SecretService

    static func isOpen(_ request: APIRequest) -> Bool {
        guard let path = request.path.below(folder), open.contains(path) else { return false }
        return request.verb == .write || request.verb == .read && path == "lookup"
    }

    /// - Parameter path: behind `sys/wrapping/`.
    func answer(_ request: APIRequest, _ path: String, _ who: Unwrapper) async throws -> APIReply {
        switch (path, request.verb, who) {
        case ("unwrap", .write, _):
            return APIReply(200, body: try await service.unwrap(try token(request), by: who))
        case ("rewrap", .write, _):
            let (token, record) = try await service.rewrap(try token(request), by: who)
            return .document(
                200, ResponseWrapping.document(record, token: token.revealText() ?? "", request.caller.requestID))
        case ("lookup", .write, _), ("lookup", .read, _):
            return lookup(request, try await service.wrapping(try token(request), by: who))
        case ("wrap", .write, .session):
            guard try ResponseWrapping(request, service) != nil else {
                throw ServiceFailure(.badRequest, "endpoint requires response wrapping: send X-Vault-Wrap-TTL")
            }
            let data = JSON.object(try request.members())
            return .document(200, .object(KVDocument.envelope(request.caller.requestID, data: data)))
        default: return .errors(405, "unsupported operation")
        }
    }

    /// In the body, or in the place of the caller's own.
    private func token(_ request: APIRequest) throws -> SecretBytes {
        if let text = try request.members()["token"]?.stringValue, !text.isEmpty { return SecretBytes(utf8: text) }
        guard let token = request.token else { throw ServiceFailure(.badRequest, "missing token") }
        return token
    }

    private func lookup(_ request: APIRequest, _ record: WrappingRecord) -> APIReply {
        let data: JSON = [
            "creation_path": .string(record.path), "creation_time": .string(KVDocument.time(record.createdAt)),
            "creation_ttl": .integer(record.ttl.seconds),
        ]
        return .document(200, .object(KVDocument.envelope(request.caller.requestID, data: data)))
    }
}
