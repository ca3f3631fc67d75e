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
    package var lockPath: String { "\(path)/apply.lock" }
    /// Bare mirrors of remote repositories.
    package var mirrorsPath: String { "\(path)/mirrors" }

    /// Throws ``FileFailure/Kind/tooOpen`` when others may change what stands in the folder: they could put a vault of
    /// their own, with its root key, in the place of this one. A folder that does not exist yet is fine.
    package func requireGuarded() throws {
        for path in [path, storePath] { try Self.requireGuarded(path) }
    }

    /// The same of the settings, for those that say whom to trust.
    package func requireGuardedConfig() throws {
        for path in [path, configPath] { try Self.requireGuarded(path) }
    }

    private static func requireGuarded(_ path: String) throws {
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

/// Held while one process applies, so that two never plan against each other, and while one makes the vault. Released
/// by the system when the process ends, however it ends.
package final class ApplyLock: Sendable {
    private let descriptor: Int32

    /// Throws ``VaultFailure/Kind/locked`` at once when another process holds it.
    package init(_ home: VaultHome) throws {
        let descriptor = open(home.lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw VaultFailure(
                .readOnly, "cannot write \(home.lockPath): \(String(cString: strerror(errno)))",
                hint: "the vault's folder must be writable")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw VaultFailure(
                .locked, "another process is applying to this vault, or making it", hint: "wait for it and try again")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
