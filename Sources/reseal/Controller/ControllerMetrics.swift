internal import Glibc
internal import ResealCore
internal import ResealNotify
internal import ResealReconciler
internal import Synchronization

/// Counts what the loops do, and prints it in the text format of Prometheus (version 0.0.4).
final class ControllerMetrics: Sendable {
    private struct Counts {
        var rounds: [String: [String: Int]] = [:]
        var changes: [String: [String: Int]] = [:]
        var writeBacks: [String: [String: Int]] = [:]
        var rotations: [String: Int] = [:]
        var notifications: [String: [String: Int]] = [:]
        var durations: [String: Histogram] = [:]
    }
    private let counts = Mutex(Counts())
    let auditSinks = AuditSinkCounts()
    let api = APICounts()

    func observe(_ event: LoopEvent, _ status: SourceStatus, _ duration: Duration) {
        let result: String
        switch event {
        case .began, .scheduled, .suspended: return
        case .wroteBack: return count("pushed", of: status)
        case .proposed: return count("proposed", of: status)
        case .writeBackFailed: return count("failed", of: status)
        case .unchanged: result = "unchanged"
        case .applied: result = "applied"
        case .failed: result = "failed"
        }
        counts.withLock { counts in
            counts.rounds[status.name, default: [:]][result, default: 0] += 1
            counts.durations[status.name, default: Histogram()].add(duration.inSeconds)
            guard case .applied(let report) = event else { return }
            for (action, count) in report.applied {
                counts.changes[status.name, default: [:]][action.rawValue, default: 0] += count
            }
        }
    }

    private func count(_ writeBack: String, of status: SourceStatus) {
        counts.withLock { $0.writeBacks[status.name, default: [:]][writeBack, default: 0] += 1 }
    }

    func observe(_ event: RotationEvent) {
        let result =
            switch event {
            case .rotated: "rotated"
            case .retired: "retired"
            case .failed, .stopped: "failed"
            }
        counts.withLock { $0.rotations[result, default: 0] += 1 }
    }

    func observe(_ result: DeliveryResult, to target: String) {
        counts.withLock { $0.notifications[target, default: [:]][result.label, default: 0] += 1 }
    }

    func text(_ sources: [SourceStatus]) -> String {
        let counts = counts.withLock { $0 }
        var page = MetricsPage()
        page.add("reseal_build_info", .gauge, "The version that runs.", [([("version", ResealVersion.current)], 1)])
        page.add(
            "reseal_reconcile_total", .counter, "Looks at a source, by what came of them.",
            counts.rounds.flatMap { name, results in
                results.map { ([("source", name), ("result", $0.key)], Double($0.value)) }
            })
        page.add(
            "reseal_reconcile_duration_seconds", "How long looks at a source took.",
            counts.durations.map { ([("source", $0.key)], $0.value) })
        page.add(
            "reseal_changes_total", .counter, "Changes that were applied.",
            counts.changes.flatMap { name, actions in
                actions.map { ([("source", name), ("action", $0.key)], Double($0.value)) }
            })
        page.add(
            "reseal_writeback_total", .counter, "Write-backs of new values, by what came of them.",
            counts.writeBacks.flatMap { name, results in
                results.map { ([("source", name), ("result", $0.key)], Double($0.value)) }
            })
        page.add(
            "reseal_rotation_total", .counter, "Rotations, by what came of them.",
            counts.rotations.map { ([("result", $0.key)], Double($0.value)) })
        page.add(
            "reseal_notification_total", .counter, "Messages, by what became of them.",
            counts.notifications.flatMap { target, results in
                results.map { ([("target", target), ("result", $0.key)], Double($0.value)) }
            })
        addStates(of: sources, to: &page)
        addAuditSinks(to: &page)
        api.add(to: &page)
        addProcess(to: &page)
        return page.text
    }

    private func addStates(of sources: [SourceStatus], to page: inout MetricsPage) {
        func each(_ value: (SourceStatus) -> Double?) -> [MetricsPage.Sample] {
            sources.compactMap { source in value(source).map { ([("source", source.name)], $0) } }
        }
        page.add(
            "reseal_source_condition", .gauge, "1 where a condition of a source is true.",
            sources.flatMap { source in
                Condition.Kind.allCases.map { kind in
                    ([("source", source.name), ("type", kind.rawValue)], source[kind]?.status == .yes ? 1 : 0)
                }
            })
        page.add("reseal_source_suspended", .gauge, "1 for a suspended source.", each { $0.isSuspended ? 1 : 0 })
        page.add("reseal_source_failures", .gauge, "Failures in a row.", each { Double($0.failures) })
        page.add(
            "reseal_git_last_applied_timestamp_seconds", .gauge, "When the vault last held the newest commit.",
            each { $0.lastSuccess.map { Double($0.milliseconds) / 1000 } })
    }

    private func addAuditSinks(to page: inout MetricsPage) {
        func each(_ value: (AuditSinkCounts.Count) -> Double) -> [MetricsPage.Sample] {
            auditSinks.all.map { ([("sink", $0.key)], value($0.value)) }
        }
        page.add("reseal_audit_sink_lag_records", .gauge, "Audit records that a sink lacks.", each { Double($0.lag) })
        page.add("reseal_audit_sink_records_total", .counter, "Audit records sent.", each { Double($0.delivered) })
        page.add("reseal_audit_sink_failures_total", .counter, "Attempts that failed.", each { Double($0.failures) })
    }

    private func addProcess(to page: inout MetricsPage) {
        let files = Self.openFiles()
        page.add("process_open_fds", .gauge, "Open file descriptors.", files.map { [([], Double($0))] } ?? [])
        page.add(
            "process_resident_memory_bytes", .gauge, "Resident memory.",
            Self.residentBytes().map { [([], Double($0))] } ?? [])
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let times = [usage.ru_utime, usage.ru_stime].map { Double($0.tv_sec) + Double($0.tv_usec) / 1e6 }
        page.add("process_cpu_seconds_total", .counter, "Processor time.", [([], times.reduce(0, +))])
    }

    private static func openFiles() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // `.`, `..` and the folder itself.
        return max(0, count - 3)
    }

    private static func residentBytes() -> Int? {
        guard let bytes = try? AtomicFile.read("/proc/self/statm", limit: 4096) else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        return words.count > 1 ? Int(words[1]).map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) } : nil
    }
}
