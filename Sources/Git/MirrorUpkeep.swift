internal import CLibGit2
internal import Glibc
internal import ResealCore

/// Creates mirrors and clears away what a killed fetch has left. Called under the mirror's lock only.
enum MirrorUpkeep {
    static func prepare(_ path: String) throws(GitFailure) {
        let draft = "\(path).new"
        try remove(draft)
        guard access("\(path)/HEAD", F_OK) != 0 else { return try clear(path) }
        try remove(path)
        // The folder gets its name when it is whole, so no death leaves half a repository under it.
        guard mkdir(draft, 0o700) == 0 else { throw systemFailure("create", draft) }
        var created: OpaquePointer?
        let status = git_repository_init(&created, draft, 1)
        guard status == 0 else { throw LibGit2.failure(status, "cannot create the mirror \(draft)") }
        git_repository_free(created)
        FaultPoint.pass("git.mirror.drafted")
        guard rename(draft, path) == 0 else { throw systemFailure("create", path) }
    }

    /// Lock files of libgit2 would refuse each later fetch; half received packs only take space.
    private static func clear(_ path: String) throws(GitFailure) {
        for name in entries(path) where name.hasSuffix(".lock") { unlink("\(path)/\(name)") }
        clearLocks("\(path)/refs", depth: 0)
        unlink("\(path)/\(PushLibrary.outgoing)")
        let packs = "\(path)/objects/pack"
        let names = Set(entries(packs))
        for name in names where !isWhole(name, among: names) { unlink("\(packs)/\(name)") }
    }

    private static func clearLocks(_ folder: String, depth: Int) {
        guard depth < TreeWalk.maximumDepth else { return }
        for name in entries(folder) {
            let path = "\(folder)/\(name)"
            // No reference can have this ending, so nothing else is hit.
            if name.hasSuffix(".lock") { unlink(path) } else if isFolder(path) { clearLocks(path, depth: depth + 1) }
        }
    }

    /// True for a pack with its index, and for files that belong to one.
    private static func isWhole(_ name: String, among names: Set<String>) -> Bool {
        guard name.hasPrefix("pack-"), let dot = name.lastIndex(of: ".") else {
            return name.hasPrefix("multi-pack-index")
        }
        let stem = name[..<dot]
        return names.contains("\(stem).pack") && names.contains("\(stem).idx") && !name.hasSuffix(".lock")
    }

    static func remove(_ path: String) throws(GitFailure) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        // From another name, so that a death in the middle leaves no half of it under the old one.
        let doomed = path.hasSuffix(".gone") ? path : "\(path).gone"
        if doomed != path {
            try remove(doomed)
            guard rename(path, doomed) == 0 else { throw systemFailure("remove", path) }
        }
        removeTree(doomed)
    }

    static func removeTree(_ path: String) {
        for name in entries(path) {
            let child = "\(path)/\(name)"
            if isFolder(child) { removeTree(child) } else { unlink(child) }
        }
        rmdir(path)
    }

    private static func entries(_ path: String) -> [String] {
        let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { return [] }
        return (Descriptor(adopting: number).names() ?? []).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func isFolder(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    private static func systemFailure(_ verb: String, _ path: String) -> GitFailure {
        GitFailure(.file, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
