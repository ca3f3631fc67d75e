internal import ResealCore

/// Something that was looked at, to be recorded.
package struct AuditEntry: Sendable {
    package var action: AuditAction
    package var subject: String
    package var version: Int64?
    package var result: AuditResult
    package var detail: String
    package var context: ActionContext

    package init(
        _ action: AuditAction, _ subject: String, version: Int64? = nil, result: AuditResult = .ok,
        detail: String = "", by context: ActionContext
    ) {
        self.action = action
        self.subject = subject
        self.version = version
        self.result = result
        self.detail = detail
        self.context = context
    }
}

extension AuditTrail {
    func record(_ entry: AuditEntry) throws {
        try record(
            entry.action, entry.subject, version: entry.version, result: entry.result, detail: entry.detail,
            by: entry.context)
    }
}
