internal import ResealCore
internal import ResealNotify
internal import ResealVault

/// Judges the records of the trail, and tells notifiers of those that rules name.
actor AlertSink: AuditSink {
    private var judge: AlertJudge
    private let tell: @Sendable (NotificationEvent) -> Void

    init(_ rules: [AlertRule], tell: @escaping @Sendable (NotificationEvent) -> Void) {
        judge = AlertJudge(rules)
        self.tell = tell
    }

    func send(_ records: [AuditRecord]) {
        for record in records {
            for rule in judge.judge(record) {
                var event = NotificationEvent(
                    .alert, .alert(rule.name, organization: record.organization), at: record.at)
                event.actor = record.principal.description
                event.action = record.action.rawValue
                event.record = record.sequence
                event.count = rule.count
                tell(event)
            }
        }
    }
}
