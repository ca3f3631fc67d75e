internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// Keeps an answer back, and gives a token for it instead: the header `X-Vault-Wrap-TTL`.
struct ResponseWrapping: Sendable {
    private let service: SecretService
    private let path: String
    private let requestID: String
    private let ttl: TimeSpan

    /// `nil` for a request whose answer is given at once.
    init?(_ request: APIRequest, _ service: SecretService) throws(ServiceFailure) {
        guard let text = request.header("x-vault-wrap-ttl"), !text.isEmpty, text != "0" else { return nil }
        guard let ttl = try KVDocument.span(.string(text), "X-Vault-Wrap-TTL"), ttl.seconds > 0 else { return nil }
        self.service = service
        self.ttl = ttl
        (path, requestID) = (request.path, request.caller.requestID)
    }

    /// Throws where no answer of `asker` can be kept, before anything is done for one.
    func prepare(for asker: Asker) async throws { try await service.requireRoom(for: wanted(asker, nil)) }

    /// What is sent in the place of `reply`; errors, and replies without a body, go out as they are.
    func wrap(_ reply: APIReply, for asker: Asker, by context: ActionContext) async throws -> APIReply {
        guard reply.parts == nil else { throw ServiceFailure(.badRequest, "what never ends cannot be wrapped") }
        guard (200...299).contains(reply.status), let answer = reply.body else { return reply }
        let (token, record) = try await service.wrap(answer, wanted(asker, reply.accessor), by: context)
        return .document(200, Self.document(record, token: token.revealText() ?? "", requestID))
    }

    private func wanted(_ asker: Asker, _ accessor: String?) -> WrappingRequest {
        WrappingRequest(
            asker.principal, organization: asker.organization, path: path, ttl: ttl, wrappedAccessor: accessor)
    }

    static func document(_ record: WrappingRecord, token: String, _ requestID: String) -> JSON {
        var info: [String: JSON] = [
            "token": .string(token), "accessor": .string(record.accessor), "ttl": .integer(record.ttl.seconds),
            "creation_time": .string(KVDocument.time(record.createdAt)), "creation_path": .string(record.path),
        ]
        info["wrapped_accessor"] = record.wrappedAccessor.map(JSON.string)
        var members = KVDocument.envelope(requestID)
        members["wrap_info"] = .object(info)
        return .object(members)
    }
}
