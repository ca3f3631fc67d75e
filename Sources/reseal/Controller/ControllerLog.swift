internal import Glibc
internal import ResealCore
internal import ResealReconciler

/// What a controller says about its work: one line for each event, on stderr, as JSON or for people.
struct ControllerLog: Sendable {
    enum Level: String, Sendable { case info, warning, error }

    let isJSON: Bool

    func write(_ level: Level, _ message: String, _ fields: [(String, JSON)] = []) {
        let now = WallClock.system.now().description
        var members = Dictionary(fields.filter { $0.1 != .null }, uniquingKeysWith: { $1 })
        if isJSON {
            members["time"] = .string(now)
            members["level"] = .string(level.rawValue)
            members["message"] = .string(message)
            Terminal.note(JSON.object(members).canonical)
            return
        }
        let rest = fields.filter { $0.1 != .null }.map { "\($0.0)=\($0.1.stringValue ?? $0.1.canonical)" }
        Terminal.note(SafeText.line(([now, level.rawValue, message] + rest).joined(separator: " ")))
    }

    /// The events that are worth a line; an idle loop says nothing.
    func write(_ event: LoopEvent, _ status: SourceStatus, _ duration: Duration) {
        let source: [(String, JSON)] = [("source", .string(status.name))]
        let commit: [(String, JSON)] = [("commit", status.seen.map { .string($0.description) } ?? .null)]
        switch event {
        case .began, .unchanged, .scheduled: break
        case .suspended: break
        case .applied(let report):
            let changes = report.applied.values.reduce(0, +)
            write(
                .info, "applied",
                source + commit + [
                    ("changes", .integer(Int64(changes))), ("destroyed_versions", .integer(Int64(report.destroyedVersions))),
                    ("vault_serial", .integer(report.serial)), ("audit_head", .string(report.auditHead)),
                    ("milliseconds", .integer(duration.milliseconds)),
                ])
        case .failed(let failure):
            write(
                .error, failure.message,
                source + commit + [
                    ("code", .string(failure.code)), ("hint", failure.hint.map(JSON.string) ?? .null),
                    ("place", failure.span.map { .string("\($0)") } ?? .null),
                    ("failures", .integer(Int64(status.failures))),
                ])
        }
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
