internal import ResealCore
internal import ResealVault

/// Requests that take nothing but what is remembered.
extension VaultAPI {
    /// Answers a read or write of one value in one step, where the vault remembers the token, and the version that is read.
    ///
    /// Returns false for every other request. `then` runs on the loop of `executor`, with `nil` where what was remembered
    /// is not so any more. In both cases nothing was done, and the request has to take the long way.
    func recall(
        _ request: APIRequest, on executor: LoopExecutor, then: @escaping @Sendable (APIReply?) -> Void
    ) -> Bool {
        guard request.header("x-vault-wrap-ttl") == nil, let token = request.token else { return false }
        func wanted(_ name: String) -> RecallRequest {
            RecallRequest(name, token: token, organization: request.namespace, request.caller)
        }
        let dialect = request.dialect
        @Sendable func finish<R>(
            _ outcome: Result<R?, any Error>, _ reply: @escaping @Sendable (R) throws -> APIReply
        ) where R: Sendable {
            executor.run {
                do { then(try outcome.get().map(reply)) } catch { then(Self.reply(to: error, in: dialect)) }
            }
        }
        // What cannot be judged here, the long way says.
        do {
            if request.method == "GET", request.verb == .read {
                guard let (name, isNative) = Self.value(in: request) else { return false }
                let reply = isNative ? native.recalling(request) : KVRoutes.recalling(request)
                return try service.recall(wanted(name), version: request.number("version")) { finish($0, reply) }
            }
            guard request.verb == .write, let name = request.path.below(Self.values) else { return false }
            let id = request.caller.requestID
            return try service.recallWrite(wanted(name), { try KVRoutes.content(of: request) }) { outcome in
                finish(outcome) { KVRoutes.document(id, KVDocument.metadata($0)) }
            }
        } catch { return false }
    }

    private static let values = "\(KVRoutes.mount)/data"

    private static func value(in request: APIRequest) -> (name: String, isNative: Bool)? {
        if let name = request.path.below(values) { return (name, false) }
        guard let name = request.path.below("\(NativeRoutes.root)/secrets"),
            request.query.keys.allSatisfy(["version", "field"].contains)
        else { return nil }
        return (name, true)
    }
}

extension KVRoutes {
    /// Makes the answer to a request that reads a version.
    fileprivate static func recalling(_ request: APIRequest) -> @Sendable (RecalledVersion) throws -> APIReply {
        let id = request.caller.requestID
        return { found in
            let body = try found.reveal("kv", before: KVDocument.end(id)) { reading in
                KVDocument.reading(reading.value, found.version)
            }
            return APIReply(200, body: body)
        }
    }
}

extension NativeRoutes {
    /// As ``KVRoutes/recalling(_:)``.
    fileprivate func recalling(_ request: APIRequest) -> @Sendable (RecalledVersion) throws -> APIReply {
        { try reply(to: request, $0.open()) }
    }
}
