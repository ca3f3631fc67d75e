internal import Glibc
internal import ResealCore

/// A private folder for files that programs of the system have to read, gone with the object. No secret goes into it.
final class ScratchFolder {
    let path: String

    init() throws(GitFailure) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent.isEmpty ? "/tmp" : parent)/reseal-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw GitFailure(.file, "cannot make a folder in \(parent): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { MirrorUpkeep.removeTree(path) }

    @discardableResult
    func write(_ bytes: [UInt8], _ name: String) throws(GitFailure) -> String {
        do {
            try AtomicFile.write(bytes, to: "\(path)/\(name)")
        } catch {
            throw GitFailure(.file, error.message, hint: error.hint)
        }
        return "\(path)/\(name)"
    }
}
