internal import CMalloc
internal import Dispatch
internal import Foundation
internal import ResealCore
internal import ResealReconciler
internal import ResealServer
internal import ResealVault

/// Makes the API's server from settings and vault.
struct APIHost: Sendable {
    /// How many requests may read at the same time.
    static let readers = max(4, ProcessInfo.processInfo.activeProcessorCount)
    /// Whoever looks up a few rows does not wait for those who look through many.
    static let snapshots = readers + SecretService.groups(readers)

    private let home: VaultHome
    private let open: @Sendable () throws -> VaultCore
    private let log: ControllerLog
    private let counts: APICounts
    private let onRotation: @Sendable (RotationEvent) -> Void

    /// - Parameter onRotation: hears what came of each rotation that somebody asked for.
    init(
        _ home: VaultHome, open: @escaping @Sendable () throws -> VaultCore, _ log: ControllerLog, counts: APICounts,
        onRotation: @escaping @Sendable (RotationEvent) -> Void
    ) {
        self.onRotation = onRotation
        self.home = home
        self.open = open
        self.log = log
        self.counts = counts
    }

    /// A server, and what it says when it listens.
    struct Ready: Sendable {
        fileprivate let server: APIServer
        fileprivate let announce: @Sendable (Int) -> Void

        /// Until the task is cancelled.
        func run() async throws {
            // What many requests at once needed would otherwise stay with this process for as long as it lives.
            let timer = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
            timer.schedule(deadline: .now() + 60, repeating: .seconds(60), leeway: .seconds(5))
            timer.setEventHandler { malloc_trim(0) }
            timer.activate()
            defer { timer.cancel() }
            try await server.run(onListening: announce)
        }
    }

    func server(_ settings: APISettings, access: [AccessRule], auditReaders: [AuditReaders]) throws -> Ready {
        let service = SecretService(
            try VaultDoor(open: open), settings: access, auditReaders: auditReaders, readers: Self.readers)
        var files = settings.listen.tls.map { ServerCertificates(certificate: $0.certificate, key: $0.key) }
        var pin: String?
        if files == nil, !settings.isPlain {
            let made = try OwnCertificate.ensure(home, host: settings.listen.host)
            files = ServerCertificates(certificate: made.certificate, key: made.key)
            pin = made.pin
        }
        files?.clientAuthority = settings.clientAuthority
        let server = APIServer(
            APIServer.Configuration(
                host: settings.listen.host, port: settings.listen.port, tls: files,
                requestsPerSecond: settings.requestsPerSecond, version: ResealVersion.current,
                issuers: settings.issuers, certificateTTL: settings.clientTTL), service,
            rotator: APIRotator(home, open: open, observe: onRotation), onAnswer: counts.observe)
        let (log, certificate) = (log, files?.certificate)
        return Ready(server: server) { [pin] port in
            log.write(
                .info, "api listening",
                [
                    ("port", .integer(Int64(port))), ("certificate", certificate.map(JSON.string) ?? .null),
                    ("pin", pin.map(JSON.string) ?? .null),
                ])
        }
    }
}
