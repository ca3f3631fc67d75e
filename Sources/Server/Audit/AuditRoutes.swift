internal import ResealCore
internal import ResealVault

/// The audit trail, for those whom the settings name.
struct AuditRoutes: Sendable {
    private static let largestPage: Int64 = 1000
    private static let usualPage: Int64 = 100
    private static let parameters: Set<String> = [
        "type", "secret", "principal", "result", "since", "until", "after", "limit",
    ]

    let service: SecretService

    func answer(_ request: APIRequest, _ session: Session) async throws -> APIReply {
        guard request.verb == .read else { return .errors(405, "unsupported operation") }
        let filter = try filter(request)
        let records = try await service.audit(filter, by: session)
        let data: JSON = [
            "records": .array(records.map(\.document)),
            // Where the next page begins; nothing where this one has all that there is by now.
            "next": records.count < filter.first ?? 0 ? .null : records.last.map { .integer($0.sequence) } ?? .null,
        ]
        return .document(200, .object(KVDocument.envelope(request.caller.requestID, data: data)))
    }

    /// A misspelt condition must not look like "nothing happened".
    private func filter(_ request: APIRequest) throws(ServiceFailure) -> AuditFilter {
        if let unknown = request.query.keys.filter({ !Self.parameters.contains($0) }).min() {
            throw ServiceFailure(.badRequest, "there is no parameter `\(unknown.prefix(40))`")
        }
        var filter = AuditFilter()
        filter.action = try value("type", request) { AuditAction.isNameOrGroup($0) ? $0 : nil }
        filter.subject = try value("secret", request) { AuditFilter.isSubject($0) ? $0 : nil }
        filter.principal = try value("principal", request) { Principal($0)?.description }
        filter.result = try value("result", request) { AuditResult(rawValue: $0) }
        let now = service.clock.now()
        func moment(_ text: String) -> Timestamp? {
            TimeSpan(text).map { now.subtracting($0) } ?? Timestamp(text)
        }
        filter.since = try value("since", request, moment)
        filter.until = try value("until", request, moment)
        filter.after = try request.number("after") ?? 0
        let limit = try request.number("limit") ?? Self.usualPage
        guard (1...Self.largestPage).contains(limit) else {
            throw ServiceFailure(.badRequest, "`limit` is a number from 1 to \(Self.largestPage)")
        }
        filter.first = Int(limit)
        return filter
    }

    private func value<R>(
        _ name: String, _ request: APIRequest, _ read: (String) -> R?
    ) throws(ServiceFailure) -> R? {
        guard let text = request.query[name], !text.isEmpty else { return nil }
        guard let value = read(text) else { throw ServiceFailure(.badRequest, "`\(name)` is wrong") }
        return value
    }
}
