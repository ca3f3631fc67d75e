internal import ResealCore
internal import ResealSealing
internal import Glibc

/// The folder in which one vault keeps its state.
package struct VaultHome: Sendable {
    package let path: String

    package init(path: String) { self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path }

    package var storePath: String { "\(path)/vault.db" }
    package var rootKeyPath: String { "\(path)/root.key" }
    package var configPath: String { "\(path)/config.yaml" }
    package func lockPath(for purpose: VaultLock.Purpose) -> String {
        switch purpose {
        case .applying: "\(path)/apply.lock"
        case .rotating: "\(path)/rotation.lock"
        case .controlling: "\(path)/controller.lock"
        case .auditing: "\(path)/audit.lock"
        }
    }
    /// Servers that manifests refer to by name, one file each.
    package var endpointsPath: String { "\(path)/endpoints" }
    /// Programs that manifests refer to by name, one file each.
    package var commandsPath: String { "\(path)/commands" }
    /// What notifiers were told already.
    package var notificationsPath: String { "\(path)/notifications.json" }
    /// Bare mirrors of remote repositories.
    package var mirrorsPath: String { "\(path)/mirrors" }

    /// Throws ``FileFailure/Kind/tooOpen`` when others may change what stands in the folder: they could put a vault of
    /// their own, with its root key, in the place of this one. A folder that does not exist yet is fine.
    package func requireGuarded() throws {
        for path in [path, storePath] { try Self.requireGuarded(path) }
    }

    /// The same of settings, for those that say whom to trust.
    package static func requireGuarded(_ path: String) throws {
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & 0o022 != 0 else { return }
        throw FileFailure(.tooOpen, "\(path) can be changed by other users", hint: "chmod go-w \(path)")
    }

    /// `--home`, else `RESEAL_HOME`, else `$XDG_DATA_HOME/reseal`, else `~/.local/share/reseal` (XDG Base Directory
    /// Specification).
    package static func resolve(explicit: String?, environment: [String: String]) -> VaultHome {
        func set(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        // The specification has relative paths ignored.
        let dataHome = set("XDG_DATA_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil }
        let path =
            explicit ?? set("RESEAL_HOME") ?? dataHome.map { "\($0)/reseal" }
            ?? "\(set("HOME") ?? "/var/lib")/.local/share/reseal"
        return VaultHome(path: path)
    }
}

/// Held by the one process that does something to a vault. Released by the system when the process ends, however it ends.
package final class VaultLock: Sendable {
    package enum Purpose: Sendable {
        /// So that two never plan against each other; also while a vault is made.
        case applying
        case rotating
        /// For as long as a controller runs.
        case controlling
        /// Taking the audit trail elsewhere.
        case auditing
    }

    private let descriptor: Int32

    /// Throws ``VaultFailure/Kind/locked`` at once when another process holds it.
    package init(_ home: VaultHome, for purpose: Purpose = .applying) throws {
        let path = home.lockPath(for: purpose)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw VaultFailure(
                .readOnly, "cannot write \(path): \(String(cString: strerror(errno)))",
                hint: "the vault's folder must be writable")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw Self.taken(for: purpose)
        }
        self.descriptor = descriptor
    }

    /// `nil` while another process holds it.
    package static func ifFree(_ home: VaultHome, for purpose: Purpose) throws -> VaultLock? {
        do { return try VaultLock(home, for: purpose) } catch let failure as VaultFailure where failure.kind == .locked
        {
            return nil
        }
    }

    /// Waits while another process holds it, and throws ``VaultFailure/Kind/locked`` when that takes longer than
    /// `patience`.
    package static func waiting(
        _ home: VaultHome, for purpose: Purpose, patience: Duration
    ) async throws -> VaultLock {
        let end = ContinuousClock.now + patience
        while ContinuousClock.now < end {
            if let lock = try ifFree(home, for: purpose) { return lock }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try VaultLock(home, for: purpose)
    }

    /// True while another process holds the lock.
    package static func isHeld(_ home: VaultHome, for purpose: Purpose) -> Bool {
        let descriptor = open(home.lockPath(for: purpose), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }

    private static func taken(for purpose: Purpose) -> VaultFailure {
        switch purpose {
        case .applying:
            VaultFailure(
                .locked, "another process is applying to this vault, or making it", hint: "wait for it and try again")
        case .rotating:
            VaultFailure(
                .locked, "another process is rotating secrets of this vault", hint: "wait for it and try again")
        case .controlling:
            VaultFailure(.locked, "another controller runs for this vault", hint: "`reseal status` shows what it does")
        case .auditing:
            VaultFailure(
                .locked, "another process takes the audit trail to its sinks", hint: "nothing needs to be done")
        }
    }

    deinit { close(descriptor) }
}
