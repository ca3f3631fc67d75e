internal import Glibc
internal import ResealCore

extension WorkTree {
    /// Makes a file that must not exist, with the folders above it. It is there as a whole, and on disk, or not at all.
    package func create(_ path: String, holding bytes: [UInt8], mode: UInt32 = 0o644) throws(GitFailure) {
        let segments = try segments(path)
        guard let name = segments.last else { throw GitFailure(.file, "the path of a new file is empty") }
        let folder = try makeFolder(segments.dropLast())
        guard folder.status(of: Array(name.utf8)) == nil else {
            throw GitFailure(
                .file, "\(GitText.cleaned(path)) exists already", hint: "choose another file, or remove it first")
        }
        // By the descriptor of the folder that was just entered, so that no link can lead elsewhere.
        let place = "/proc/self/fd/\(folder.number)/\(name)"
        do { try AtomicFile.write(bytes, to: place, mode: mode, replacing: false) } catch {
            throw GitFailure(.file, "cannot write \(GitText.cleaned(path))", hint: error.hint)
        }
    }

    /// Removes a file that holds just these bytes.
    package func remove(_ path: String, holding bytes: [UInt8]) throws(GitFailure) {
        guard try read(path, limitBytes: bytes.count + 1) == bytes, let name = try segments(path).last,
            let folder = try openFolder(try segments(path).dropLast()), unlinkat(folder.number, name, 0) == 0
        else {
            throw GitFailure(
                .file, "\(GitText.cleaned(path)) was changed while it was being removed", hint: "run the command again")
        }
    }

    /// Enters a folder, and makes what is missing on the way, open to all as Git's folders are.
    private func makeFolder(_ segments: ArraySlice<String>) throws(GitFailure) -> Descriptor {
        if let folder = try openFolder(segments) { return folder }
        let parent = try makeFolder(segments.dropLast())
        guard let name = segments.last, mkdirat(parent.number, name, 0o755) == 0 || errno == EEXIST,
            let number = parent.open(Array(name.utf8), O_RDONLY | O_DIRECTORY)
        else {
            throw GitFailure(
                .file,
                "cannot make the folder \(GitText.cleaned(segments.joined(separator: "/"))): \(String(cString: strerror(errno)))"
            )
        }
        let folder = Descriptor(adopting: number)
        // What `mkdirat` gives is cut by the umask.
        fchmod(folder.number, 0o755)
        return folder
    }
}
