internal import CLibGit2
internal import ResealCore

extension GitRepository {
    /// The files of the index: what the next commit will hold. Sorted by the bytes of their paths.
    ///
    /// Throws ``GitFailure/Kind/conflicted`` while a merge is not settled.
    ///
    /// - Parameter file: another index than the repository's, as git names one to its hooks in `GIT_INDEX_FILE`.
    package func stagedFiles(index file: String? = nil) throws(GitFailure) -> [TreeFile] {
        var opened: OpaquePointer?
        let path = file ?? folder + "index"
        try git("cannot read the index \(GitText.cleaned(path))", git_index_open(&opened, path))
        guard let index = opened else { throw GitFailure(.native, "cannot read the index") }
        defer { git_index_free(index) }
        var files: [TreeFile] = []
        for position in 0..<git_index_entrycount(index) {
            guard let entry = git_index_get_byindex(index, position)?.pointee, let name = entry.path else { continue }
            let path = String(cString: name)
            guard Int32(entry.flags) & GIT_INDEX_ENTRY_STAGEMASK == 0 else {
                throw GitFailure(
                    .conflicted, "\(GitText.cleaned(path)) is in conflict, so that no content of it is staged",
                    hint: "settle the conflict, and `git add` the file")
            }
            // `git add --intent-to-add` stages a name without content.
            guard UInt32(entry.flags_extended) & GIT_INDEX_ENTRY_INTENT_TO_ADD.rawValue == 0,
                let kind = TreeFile.Kind(mode: entry.mode)
            else { continue }
            files.append(TreeFile(path: path, blob: ObjectID(entry.id), kind: kind))
        }
        return files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }
}

extension TreeFile.Kind {
    fileprivate init?(mode: UInt32) {
        switch mode {
        case 0o100644, 0o100664: self = .regular
        case 0o100755: self = .executable
        case 0o120000: self = .symlink
        case 0o160000: self = .submodule
        default: return nil
        }
    }
}
