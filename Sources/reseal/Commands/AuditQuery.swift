internal import ResealCore
internal import ResealVault

/// The conditions of `audit list`, judged: a misspelt one must not look like "nothing happened".
struct AuditQuery {
    private let options: AuditListCommand

    init(_ options: AuditListCommand) { self.options = options }

    func filter(now: Timestamp) throws -> AuditFilter {
        var filter = AuditFilter(
            action: try options.type.map(action), subject: try options.secret.map(subject),
            principal: try options.principal.map(principal), limit: options.limit)
        if let limit = options.limit, limit < 1 { throw UsageFailure("--limit is at least 1") }
        filter.result = try options.result.map(result)
        filter.since = try options.since.map { try moment($0, before: now, "--since") }
        filter.until = try options.until.map { try moment($0, before: now, "--until") }
        return filter
    }

    private func action(_ text: String) throws -> String {
        if AuditAction.isNameOrGroup(text) { return text }
        throw unknown(text, "action", AuditAction.groups.sorted() + AuditAction.allCases.map(\.rawValue))
    }

    private func result(_ text: String) throws -> AuditResult {
        if let result = AuditResult(rawValue: text) { return result }
        throw unknown(text, "result", AuditResult.allCases.map(\.rawValue))
    }

    /// A name, an address, or empty for records about no secret.
    private func subject(_ text: String) throws -> String {
        let name = text.firstIndex(of: ".").flatMap { dot in
            ResourceKind(rawValue: String(text[..<dot])) == nil ? nil : text[text.index(after: dot)...]
        }
        guard let problem = ResourceName.problem(String(name ?? text[...])) else { return text }
        throw UsageFailure("the name `\(text)` \(problem)", hint: "for example prod/orders-db")
    }

    private func principal(_ text: String) throws -> String {
        if Principal(text) != nil { return text }
        throw UsageFailure("`\(text)` is no principal", hint: "write user:NAME or service:NAME")
    }

    private func moment(_ text: String, before now: Timestamp, _ option: String) throws -> Timestamp {
        if let span = TimeSpan(text) { return now.subtracting(span) }
        if let time = Timestamp(text) { return time }
        throw UsageFailure(
            "`\(text)` is no time for \(option)", hint: "write a period such as 30d, or 2026-01-31T08:00:00Z")
    }

    private func unknown(_ text: String, _ what: String, _ known: [String]) -> UsageFailure {
        UsageFailure(
            "there is no \(what) `\(text)`",
            hint: NearestName.suggestion(for: text, in: known).map { "did you mean `\($0)`?" }
                ?? "one of \(known.joined(separator: ", "))")
    }

    /// Throws unless `text` has the form `<sequence>:<hash>`.
    static func requireHead(_ text: String) throws(UsageFailure) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let sequence = Int64(parts[0]), sequence > 0, parts[1].utf8.count == 64,
            Hex.decode(String(parts[1])) != nil
        else {
            throw UsageFailure(
                "`\(text)` is no head of an audit trail", hint: "give it as `apply` prints it: <sequence>:<hash>")
        }
    }
}
