internal import ResealCore
internal import ResealVault

/// Records that somebody is told of.
struct AlertRule: Sendable {
    enum Grouping: String, Sendable, CaseIterable { case principal, address }

    let name: String
    /// An action, or the first words of one.
    var action: String?
    /// The name of a secret; like a principal, one that ends in `*` fits all that begin like it.
    var secret: String?
    var principal: String?
    var result: AuditResult?
    /// Only what was done with a break-glass token, or its making.
    var breakGlass = false
    /// Only outside of these hours.
    var hours: WorkingHours?
    /// So many within `within`, of one principal or address.
    var count = 1
    var within = TimeSpan(seconds: 300)
    var grouping = Grouping.principal

    func fits(_ record: AuditRecord) -> Bool {
        if let action, record.action.rawValue != action, !record.action.rawValue.hasPrefix("\(action).") {
            return false
        }
        if let secret {
            guard let slash = record.subject.firstIndex(of: "/"),
                Self.matches(secret, String(record.subject[record.subject.index(after: slash)...]))
            else { return false }
        }
        if let principal, !Self.matches(principal, record.principal.description) { return false }
        if let result, record.result != result { return false }
        if breakGlass, record.action != .tokenBreakGlass, record.credential?.breakGlassReason == nil { return false }
        if let hours, hours.contains(record.at) { return false }
        return true
    }

    private static func matches(_ pattern: String, _ text: String) -> Bool {
        pattern.hasSuffix("*") ? text.hasPrefix(pattern.dropLast()) : text == pattern
    }
}

/// Days and hours of a week, in UTC: `mon-fri 07:00-19:00`.
struct WorkingHours: Sendable, Hashable {
    private static let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    private let weekdays: Set<Int>
    private let minutes: Range<Int>

    init?(_ text: String) {
        let parts = text.lowercased().split(separator: " ")
        guard parts.count == 2 else { return nil }
        let days = parts[0].split(separator: "-", omittingEmptySubsequences: false)
            .map { Self.days.firstIndex(of: String($0)) }
        guard (1...2).contains(days.count), let first = days[0], let last = days[days.count - 1] else { return nil }
        weekdays = Set((0...6).filter { first <= last ? (first...last).contains($0) : $0 >= first || $0 <= last })
        let times = parts[1].split(separator: "-", omittingEmptySubsequences: false).map(Self.minute)
        guard times.count == 2, let start = times[0], let end = times[1], start < end else { return nil }
        minutes = start..<end
    }

    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = UInt8(parts[0]),
            let minute = UInt8(parts[1]), minute < 60, hour < 24 || hour == 24 && minute == 0
        else { return nil }
        return Int(hour) * 60 + Int(minute)
    }

    func contains(_ time: Timestamp) -> Bool {
        let calendar = time.calendar
        return weekdays.contains(calendar.weekday) && minutes.contains(calendar.hour * 60 + calendar.minute)
    }
}

/// Decides which records are worth an alert. Holds only what bursts need, and of those a bounded number.
struct AlertJudge {
    private struct Key: Hashable {
        let rule: String
        let who: String
    }
    private static let maximumGroups = 10_000
    private let rules: [AlertRule]
    private var recent: [Key: [Timestamp]] = [:]

    init(_ rules: [AlertRule]) { self.rules = rules }

    /// The rules that a record completes.
    mutating func judge(_ record: AuditRecord) -> [AlertRule] {
        rules.filter { rule in
            guard rule.fits(record) else { return false }
            return rule.count <= 1 || completes(rule, record)
        }
    }

    private mutating func completes(_ rule: AlertRule, _ record: AuditRecord) -> Bool {
        let key = Key(rule: rule.name, who: rule.grouping == .principal ? record.principal.description : record.source)
        if recent.count >= Self.maximumGroups, recent[key] == nil { forget(before: record.at) }
        var times = (recent[key] ?? []).filter { $0.adding(rule.within) > record.at }
        times.append(record.at)
        guard times.count >= rule.count else {
            recent[key] = times
            return false
        }
        // Counted anew, so that a long burst is told once for each so many.
        recent[key] = nil
        return true
    }

    /// Where there are too many groups, those that can no longer complete anything go first, then all.
    private mutating func forget(before now: Timestamp) {
        let longest = rules.map(\.within).max() ?? TimeSpan(seconds: 0)
        recent = recent.filter { _, times in times.last.map { $0.adding(longest) > now } ?? false }
        if recent.count >= Self.maximumGroups { recent = [:] }
    }
}
