internal import CEditor
internal import Glibc
internal import ResealCore
internal import ResealSealing

/// A folder in memory that only its owner may enter, for text that must not reach a disk.
final class PrivateFolder {
    static let prefix = "reseal-edit-"
    let path: String
    private var guardian: Guardian?
    /// Holds a lock as long as it is open, by which others see that the folder is in use.
    private let descriptor: Int32

    /// Makes a folder in `parent`, else in the first place of this system that lies in memory.
    init(in parent: String?) throws(EditFailure) {
        let environment = Terminal.environment()["XDG_RUNTIME_DIR"].flatMap { $0.hasPrefix("/") ? [$0] : nil } ?? []
        let candidates = parent.map { [$0] } ?? environment + ["/dev/shm"]
        guard let place = candidates.first(where: Self.isInMemory) else { throw Self.noMemory(parent) }
        StaleFolders.sweep(place)
        var template = Array("\(place)/\(Self.prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Self.system("make a folder in \(place)") }
        path = template.withUnsafeBufferPointer {
            String(decoding: $0.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0, flock(descriptor, LOCK_SH) == 0, reseal_is_in_memory(descriptor) == 1 else {
            let failure = Self.system("use \(path)")
            if descriptor >= 0 { close(descriptor) }
            rmdir(path)
            throw failure
        }
        do throws(EditFailure) { guardian = try Guardian(of: path) } catch {
            rmdir(path)
            throw error
        }
    }

    deinit {
        remove()
        close(descriptor)
    }

    /// Wipes the folder and all that an editor put there. Whatever ends this process before does the same.
    func remove() {
        guardian?.finish()
        guardian = nil
        FolderWiping.wipe(path)
    }

    static func isInMemory(_ path: String) -> Bool {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return false }
        defer { close(folder) }
        return reseal_is_in_memory(folder) == 1
    }

    // MARK: The text

    /// Writes a file that only its owner may read, over one of the same name.
    func write(_ text: SecretBytes, to name: String) throws(EditFailure) {
        let file = openat(descriptor, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.system("write the text") }
        defer { close(file) }
        let isWritten = text.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(file, bytes.baseAddress?.advanced(by: done), bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
        guard isWritten else { throw Self.system("write the text") }
    }

    /// Reads what the editor left behind.
    func read(_ name: String, limit: Int) throws(EditFailure) -> SecretBytes {
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        var info = stat()
        guard file >= 0 else { throw Self.system("read what the editor left") }
        defer { close(file) }
        guard fstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw EditFailure(.folder, "the editor left something that is no regular file")
        }
        do throws(FileFailure) {
            var bytes = try AtomicFile.read(descriptor: file, name: "the text", limit: limit)
            return SecretBytes(consuming: &bytes)
        } catch {
            throw EditFailure(.folder, error.message, hint: error.hint)
        }
    }

    // MARK: Failures

    private static func noMemory(_ parent: String?) -> EditFailure {
        EditFailure(
            .noMemory,
            parent.map { "\($0) does not lie in memory, so decrypted text may not go there" }
                ?? "neither $XDG_RUNTIME_DIR nor /dev/shm lies in memory, so there is no place for decrypted text",
            hint:
                "mount a tmpfs, for example `mount -t tmpfs -o mode=0700,size=64m tmpfs DIR`, and name it with --workspace DIR"
        )
    }

    private static func system(_ what: String) -> EditFailure {
        EditFailure(.folder, "cannot \(what): \(String(cString: strerror(errno)))")
    }
}
