internal import Glibc
internal import ResealCore
internal import Synchronization

/// Why an agent cannot listen at its socket.
struct AgentFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable {
        /// Another agent answers there.
        case taken = "agent.socket-taken"
        /// A place that is none for a socket, or where somebody else could put one of his own.
        case place = "agent.socket-place"
    }

    let kind: Kind
    let message: String
    let hint: String?

    init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    var code: String { kind.rawValue }
    static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}

/// The path of a socket, from before it is there until it is gone. Blocks for moments only.
final class SocketPlace: Sendable {
    private static let patience = 50
    private static let tick: UInt32 = 100_000

    private let path: String
    /// The folder, locked until the socket is there, so that no other agent takes its place at the same time; -1 after that.
    private let folder: Mutex<Int32>
    private let oldMask: mode_t
    /// What we made, so that nothing else is removed.
    private let made = Mutex<(device: dev_t, file: ino_t)?>(nil)

    /// Makes room: removes what an agent left that is dead. Throws ``AgentFailure``.
    ///
    /// - Parameter mode: of the socket, which decides on who may open it.
    init(_ path: String, mode: UInt32) throws {
        self.path = path
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let folder = try Self.lock(slash == path.startIndex ? "/" : String(path[..<slash]))
        do {
            try Self.clear(path)
        } catch {
            close(folder)
            throw error
        }
        self.folder = Mutex(folder)
        // The socket gets its mode when it is made: later would be too late.
        oldMask = umask(0o777 & ~mode)
    }

    /// Whoever may write in the folder could put a socket of his own there.
    private static func lock(_ folder: String) throws -> Int32 {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw place("cannot open the folder \(folder)", errno) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & 0o022 == 0,
            info.st_uid == 0 || info.st_uid == geteuid()
        else {
            close(descriptor)
            throw AgentFailure(
                .place, "the folder \(folder) can be written by others, who could put their own socket there",
                hint: "use a folder of its own, for example with `RuntimeDirectory=` of systemd, or chmod 700")
        }
        for _ in 0..<patience {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
            usleep(tick)
        }
        close(descriptor)
        throw AgentFailure(.taken, "another program holds \(folder)", hint: "two agents need two folders, or some time")
    }

    private static func clear(_ path: String) throws {
        var info = stat()
        guard lstat(path, &info) == 0 else {
            guard errno == ENOENT else { throw place("cannot look at \(path)", errno) }
            return
        }
        guard info.st_mode & S_IFMT == S_IFSOCK else {
            throw AgentFailure(.place, "\(path) is there already, and is no socket", hint: "choose another path")
        }
        guard isDead(path) else {
            throw AgentFailure(
                .taken, "another program answers at \(path)", hint: "end it first, or choose another path")
        }
        guard unlink(path) == 0 || errno == ENOENT else { throw place("cannot remove \(path)", errno) }
    }

    /// True where nobody listens.
    private static func isDead(_ path: String) -> Bool {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return status != 0 && errno == ECONNREFUSED
    }

    private static func place(_ what: String, _ code: Int32) -> AgentFailure {
        AgentFailure(
            .place, "\(what): \(String(cString: strerror(code)))", hint: "check the path and the folder's permissions")
    }

    /// The socket is there now.
    func listening() {
        var info = stat()
        if lstat(path, &info) == 0 { made.withLock { $0 = (info.st_dev, info.st_ino) } }
        leaveFolder()
    }

    /// Removes the socket, if it is still ours.
    func remove() {
        leaveFolder()
        var info = stat()
        guard lstat(path, &info) == 0, made.withLock({ $0?.device == info.st_dev && $0?.file == info.st_ino }) else {
            return
        }
        unlink(path)
    }

    private func leaveFolder() {
        folder.withLock { folder in
            guard folder >= 0 else { return }
            close(folder)
            folder = -1
            umask(oldMask)
        }
    }
}
