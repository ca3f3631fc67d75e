internal import Glibc
internal import ResealCore

/// A file that stands beside an output from before it is replaced until its hook has ended well: so a hook that failed, or
/// that a death has left out, runs at the next occasion, though the output is current then.
struct HookMark: Sendable {
    private let path: String

    init(of output: String) {
        let folder = FileProbe.folder(of: output)
        let name = output.split(separator: "/").last.map(String.init) ?? output
        path = "\(folder)/.\(String(decoding: name.utf8.prefix(128), as: UTF8.self)).hook-due"
    }

    var isSet: Bool { FileProbe.exists(path) }

    func set() throws(FileFailure) { if !isSet { try AtomicFile.write([], to: path) } }

    /// Where it cannot be removed, the hook runs once more.
    func clear() { unlink(path) }
}
