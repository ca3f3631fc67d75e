internal import Glibc
internal import ResealCore
internal import ResealReconciler
internal import ResealVault
internal import Synchronization

/// What a running controller knows of its sources, kept in a file too, where `reseal status` finds it.
final class ControllerState: Sendable {
    private struct Content {
        var sources: [String: SourceStatus] = [:]
        var order: [String] = []
    }
    private let content = Mutex(Content())
    private let path: String
    private let startedAt: Timestamp

    init(_ home: VaultHome, startedAt: Timestamp) {
        path = home.controllerPath
        self.startedAt = startedAt
    }

    var sources: [SourceStatus] {
        content.withLock { content in content.order.compactMap { content.sources[$0] } }
    }

    /// Names the sources there are; what is known of others is forgotten.
    func keep(_ names: [String]) {
        content.withLock { content in
            content.order = names
            content.sources = content.sources.filter { names.contains($0.key) }
            for name in names where content.sources[name] == nil { content.sources[name] = SourceStatus(name: name) }
        }
    }

    func update(_ status: SourceStatus) {
        content.withLock { content in
            guard content.order.contains(status.name) else { return }
            content.sources[status.name] = status
        }
    }

    /// All sources that are not suspended have been applied and hold.
    var readiness: (isReady: Bool, document: JSON) {
        let sources = sources
        return (sources.allSatisfy { $0.isReady || $0.isSuspended }, ["sources": .array(sources.map(\.json))])
    }

    /// For other processes. A file that cannot be written stops nothing: it is a report, not a state that is read back.
    func save() -> FileFailure? {
        let document: JSON = [
            "version": 1, "pid": .integer(Int64(getpid())), "started_at": .string(startedAt.description),
            "written_at": .string(WallClock.system.now().description), "sources": .array(sources.map(\.json)),
        ]
        do {
            try AtomicFile.write(document.canonicalBytes, to: path)
            return nil
        } catch {
            return error
        }
    }

    func remove() { unlink(path) }
}

/// Sources that an operator has stopped, one file for each, so that it holds across restarts.
struct Suspensions: Sendable {
    private let folder: String

    init(_ home: VaultHome) { folder = home.suspensionsPath }

    func contains(_ name: String) -> Bool { FileProbe.exists("\(folder)/\(name)") }

    func add(_ name: String) throws {
        try AtomicFile.createPrivateFolder(folder)
        try AtomicFile.write([], to: "\(folder)/\(name)")
    }

    func remove(_ name: String) throws {
        guard unlink("\(folder)/\(name)") == 0 || errno == ENOENT else {
            throw UsageFailure(
                "cannot remove \(folder)/\(name): \(String(cString: strerror(errno)))",
                hint: "the vault's folder must be writable")
        }
    }
}

extension VaultHome {
    var controllerPath: String { "\(path)/controller.json" }
    var suspensionsPath: String { "\(path)/suspended" }
    /// What waits for review, a file for each source.
    var reviewsPath: String { "\(path)/reviews" }
}
