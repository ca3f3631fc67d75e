internal import Glibc
internal import ResealAge
internal import ResealCore
internal import ResealSealing

/// Reads a file or standard input in pieces.
final class AgeInput {
    let descriptor: Int32
    private let name: String

    /// `nil` and `-` mean standard input.
    init(_ path: String?) throws {
        guard let path, path != "-" else {
            (descriptor, name) = (STDIN_FILENO, "standard input")
            return
        }
        name = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(path) }
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw Self.unreadable(name) }
        }
    }

    /// Reads a small file of keys, or standard input for `-`.
    static func keys(_ path: String) throws -> [UInt8] {
        path == "-"
            ? try AtomicFile.read(descriptor: STDIN_FILENO, name: "standard input", limit: IdentityFile.maximumBytes)
            : try AtomicFile.read(path, limit: IdentityFile.maximumBytes)
    }

    private static func unreadable(_ name: String) -> FileFailure {
        FileFailure(.unreadable, "cannot read \(name): \(String(cString: strerror(errno)))")
    }
}
