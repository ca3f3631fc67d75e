internal import Glibc

/// Sole owner of a file descriptor.
struct Descriptor: ~Copyable {
    let number: Int32
    init(adopting number: Int32) { self.number = number }
    deinit { close(number) }

    /// Opens `name` in this folder, never through a symbolic link. `nil` with `errno` set when the system refuses.
    func open(_ name: [UInt8], _ flags: Int32) -> Int32? {
        // Without O_NONBLOCK, a named pipe in the work tree would hold us for ever.
        let opened = Self.withName(name) { openat(number, $0, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) }
        return opened >= 0 ? opened : nil
    }

    /// What `name` in this folder is, symbolic links not followed; `nil` if it is not there.
    func status(of name: [UInt8]) -> stat? {
        var info = stat()
        return Self.withName(name) { fstatat(number, $0, &info, AT_SYMLINK_NOFOLLOW) } == 0 ? info : nil
    }

    /// Where the symbolic link `name` points; `nil` if it cannot be read.
    func linkTarget(of name: [UInt8]) -> [UInt8]? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = Self.withName(name) { readlinkat(number, $0, &target, target.count) }
        return count >= 0 ? target[..<count].map(UInt8.init(bitPattern:)) : nil
    }

    /// The names in this folder, unsorted, without `.` and `..`; `nil` with `errno` set when the system refuses.
    func names() -> [[UInt8]]? {
        // The stream takes the descriptor over, so it gets one of its own.
        let copy = openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return nil }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return nil
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2e], name != [0x2e, 0x2e] { names.append(name) }
        }
        return names
    }

    private static func withName<R>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> R) -> R {
        (name + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                guard let base = text.baseAddress else {
                    preconditionFailure("an array with a zero byte has an address")
                }
                return body(base)
            }
        }
    }
}
