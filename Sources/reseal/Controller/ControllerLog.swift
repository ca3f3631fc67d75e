internal import Glibc
internal import ResealCore
internal import ResealNotify
internal import ResealReconciler
internal import ResealRedaction
internal import ResealSealing
internal import ResealVault

/// What a controller says about its work: one line for each event, on stderr, as JSON or for people.
struct ControllerLog: Sendable {
    enum Level: String, Sendable { case info, warning, error }

    /// What no line may show, by whatever accident: values that the process has opened. Without randomness there is none,
    /// and no vault is opened either.
    private static let redactor = try? Redactor()
    private let isJSON: Bool

    /// - Parameter format: `nil` for JSON, or text at a terminal.
    init(_ format: ControllerSettings.LogFormat?) {
        isJSON = format.map { $0 == .json } ?? !Terminal.isTerminal(STDERR_FILENO)
    }

    /// Has a value masked in every line from now on. Short words are left out: fields hold names of users and hosts too,
    /// and lines without those would tell nothing.
    static func handle(_ secret: SecretBytes) {
        guard secret.count >= shortestHidden || !secret.withUnsafeBytes({ $0.allSatisfy(isOfWords) }) else { return }
        redactor?.handle(secret)
    }

    private static let shortestHidden = 12

    private static func isOfWords(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || Array("-._/@".utf8).contains(byte)
    }

    /// Texts only: a line stays JSON, and its keys stay what they are.
    private static func masked(_ value: JSON) -> JSON {
        switch value {
        case .string(let text): .string(redactor?.redact(text) ?? text)
        case .array(let items): .array(items.map(masked))
        case .object(let members): .object(members.mapValues(masked))
        case .null, .bool, .integer, .number: value
        }
    }

    func write(_ level: Level, _ message: String, _ fields: [(String, JSON)] = []) {
        let now = WallClock.system.now().description
        let message = Self.redactor?.redact(message) ?? message
        let fields = fields.map { ($0.0, Self.masked($0.1)) }
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
        case .began, .unchanged, .scheduled, .suspended: break
        case .applied(let report):
            let changes = report.applied.values.reduce(0, +)
            write(
                .info, "applied",
                source + commit + [
                    ("changes", .integer(Int64(changes))),
                    ("destroyed_versions", .integer(Int64(report.destroyedVersions))),
                    ("vault_serial", .integer(report.serial)), ("audit_head", .string(report.auditHead)),
                    ("milliseconds", .integer(duration.milliseconds)),
                ])
        case .wroteBack(let commit, let secrets):
            write(
                .info, "wrote back",
                source + [
                    ("commit", .string(commit.description)), ("secrets", .array(secrets.map { .string("\($0)") })),
                ])
        case .proposed(let commit, let branch, let secrets):
            write(
                .info, "proposed for review",
                source + [
                    ("commit", .string(commit.description)), ("branch", .string(branch)),
                    ("secrets", .array(secrets.map { .string("\($0)") })),
                ])
        case .writeBackFailed(let failure): write(.warning, "new values stay in the vault", source + failure.fields)
        case .failed(let failure):
            write(
                .error, failure.message,
                source + commit + failure.fields.dropFirst() + [("failures", .integer(Int64(status.failures)))])
        }
    }

    /// What does not arrive at once.
    func write(_ result: DeliveryResult, to target: String) {
        let place: [(String, JSON)] = [("target", .string(target))]
        switch result {
        case .delivered, .suppressed: break
        case .retried(let failure):
            write(.warning, "a message is tried again", place + Diagnostic(failure: failure).fields)
        case .failed(let failure):
            write(.error, "a message did not arrive", place + Diagnostic(failure: failure).fields)
        case .dropped: write(.error, "a message was dropped, since too many wait", place)
        }
    }

    func write(_ event: RotationEvent) {
        func secret(_ id: SecretID) -> [(String, JSON)] { [("secret", .string("\(id)"))] }
        switch event {
        case .rotated(let report):
            write(.info, "rotated", secret(report.id) + [("version", .integer(report.version))])
        case .retired(let id): write(.info, "retired the value before", secret(id))
        case .failed(let id, let failure): write(.error, "rotation failed", secret(id) + failure.fields)
        case .stopped(let failure): write(.error, "rotations cannot be looked at", failure.fields)
        }
    }
}

extension Diagnostic {
    /// What went wrong first.
    fileprivate var fields: [(String, JSON)] {
        [
            ("error", .string(message)), ("code", .string(code)), ("hint", hint.map(JSON.string) ?? .null),
            ("place", span.map { .string("\($0)") } ?? .null),
        ]
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
