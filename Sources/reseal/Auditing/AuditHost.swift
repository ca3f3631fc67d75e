internal import ResealCore
internal import ResealNotify
internal import ResealVault

/// Takes the audit trail where the settings say, in one process of those that run for a vault.
struct AuditHost: Sendable {
    private static let alerts = "alerts"

    let home: VaultHome
    let settings: AuditSettings
    let open: @Sendable () throws -> VaultCore
    let counts: AuditSinkCounts
    let log: ControllerLog
    let tell: @Sendable (NotificationEvent) -> Void

    private static func name(_ sink: AuditSettings.Sink) -> String { "sink/\(sink.name)" }

    /// Until the task is cancelled.
    func run() async {
        let names = settings.sinks.map(Self.name) + (settings.alerts.isEmpty ? [] : [Self.alerts])
        counts.keep(names)
        guard !names.isEmpty else { return }
        let pool = BlockingPool(label: "reseal.audit-sinks", width: 2)
        guard let (lock, door) = await ready(pool) else { return }
        defer { withExtendedLifetime(lock) {} }

        func shipper(_ name: String, _ sink: any AuditSink, fromTheEnd: Bool) -> AuditShipper {
            AuditShipper(
                name: name, sink: sink, startsAtTheEnd: fromTheEnd, door: door, pool: pool, counts: counts, log: log)
        }
        await withTaskGroup(of: Void.self) { group in
            for sink in settings.sinks {
                group.addTask { await shipper(Self.name(sink), sink.make(), fromTheEnd: false).run() }
            }
            if !settings.alerts.isEmpty {
                group.addTask {
                    await shipper(Self.alerts, AlertSink(settings.alerts, tell: tell), fromTheEnd: true).run()
                }
            }
        }
    }

    /// Waits while another process of this vault does it, or the vault cannot be opened. `nil` when cancelled.
    private func ready(_ pool: BlockingPool) async -> (VaultLock, VaultDoor)? {
        var complaint: String?
        while !Task.isCancelled {
            do {
                return try await pool.run { [home, open] in
                    (try VaultLock(home, for: .auditing), try VaultDoor(open: open))
                }
            } catch {
                let failure = UnexpectedFailure.wrapping(error)
                if complaint != failure.code {
                    let fields: [(String, JSON)] = [("code", .string(failure.code))]
                    log.write(.info, "audit sinks wait: \(failure.message)", fields)
                }
                complaint = failure.code
                try? await Task.sleep(for: .seconds(5))
            }
        }
        return nil
    }
}
