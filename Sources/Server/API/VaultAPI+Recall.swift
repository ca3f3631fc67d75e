internal import ResealCore
internal import ResealVault

/// Reads that take nothing but what is remembered.
extension VaultAPI {
    /// Answers a read of one value in one step, where the vault remembers token and version. `nil` for every other request,
    /// of which nothing was done: it takes the long way.
    func recall(_ request: APIRequest) async -> APIReply? {
        guard request.verb == .read, request.method == "GET", request.header("x-vault-wrap-ttl") == nil,
            let asked = Self.value(in: request), let token = request.token
        else { return nil }
        let number: Int64?
        do { number = try request.number("version") } catch { return nil }
        do {
            let wanted = RecallRequest(
                asked.name, version: number, token: token, organization: request.namespace, request.caller)
            guard let (version, reading) = try await service.recall(wanted) else { return nil }
            guard !asked.isNative else { return try native.reply(to: request, reading) }
            return APIReply(200, body: KVDocument.reading(request.caller.requestID, reading.value, version))
        } catch { return Self.reply(to: error, in: request.dialect) }
    }

    private static func value(in request: APIRequest) -> (name: String, isNative: Bool)? {
        if let name = request.path.below("\(KVRoutes.mount)/data") { return (name, false) }
        guard let name = request.path.below("\(NativeRoutes.root)/secrets"),
            request.query.keys.allSatisfy(["version", "field"].contains)
        else { return nil }
        return (name, true)
    }
}
