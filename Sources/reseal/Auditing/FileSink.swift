internal import Glibc
internal import ResealCore
internal import ResealVault

/// Appends one line of JSON a record to a file that nobody else may write, and that its group at most may read.
actor FileSink: AuditSink {
    private let path: String
    private let format: AuditFormat
    private var descriptor: Int32 = -1
    /// Files block.
    private let executor = QueueExecutor(label: "reseal.audit-file")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ path: String, _ format: AuditFormat) {
        self.path = path
        self.format = format
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func send(_ records: [AuditRecord]) throws {
        var bytes: [UInt8] = []
        for record in records { bytes += format.document(record).canonicalBytes + [0x0a] }
        do {
            let file = try opened()
            // Whoever died within a line left it without an end.
            if try endsWithinALine(file) { bytes.insert(0x0a, at: 0) }
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes { write(file, $0.baseAddress?.advanced(by: done), $0.count - done) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw failure("write") }
                done += count
            }
            guard fsync(file) == 0 else { throw failure("sync") }
        } catch {
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
            throw error
        }
    }

    /// What was moved away, as those do that rotate logs, is opened anew.
    private func opened() throws -> Int32 {
        var (known, present) = (stat(), stat())
        if descriptor >= 0 {
            if fstat(descriptor, &known) == 0, lstat(path, &present) == 0, known.st_ino == present.st_ino,
                known.st_dev == present.st_dev
            {
                return descriptor
            }
            close(descriptor)
        }
        descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0, fstat(descriptor, &known) == 0 else { throw failure("open") }
        guard known.st_mode & S_IFMT == S_IFREG, known.st_mode & 0o037 == 0, known.st_uid == geteuid() else {
            throw AuditSinkFailure(
                .unreachable, "\(path) is no file of this user that nobody else may write, nor read but its group",
                hint: "chown and chmod it: 0600, or 0640")
        }
        // Or a power cut would take a file that was just made, when its records count as kept already.
        try AtomicFile.syncFolder(FileProbe.folder(of: path))
        return descriptor
    }

    private func endsWithinALine(_ file: Int32) throws(AuditSinkFailure) -> Bool {
        var info = stat()
        guard fstat(file, &info) == 0 else { throw failure("look at") }
        guard info.st_size > 0 else { return false }
        var last: UInt8 = 0
        guard pread(file, &last, 1, info.st_size - 1) == 1 else { throw failure("read") }
        return last != 0x0a
    }

    private func failure(_ what: String) -> AuditSinkFailure {
        let code = errno
        return AuditSinkFailure(.unreachable, "cannot \(what) \(path): \(String(cString: strerror(code)))")
    }
}
