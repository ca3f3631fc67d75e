package import ResealGit
internal import ResealCore

/// The files of an index, read once: git may go on changing it.
package struct StagedFiles: Sendable {
    /// Sorted by the bytes of their paths.
    package let files: [TreeFile]
    fileprivate let byPath: [String: TreeFile]

    package init(_ files: [TreeFile]) {
        self.files = files
        byPath = Dictionary(files.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    }
}

/// What the next commit will hold.
struct StagedSnapshotSource: SnapshotSource {
    let repositoryPath: String
    let staged: StagedFiles
    let folder: String

    var commit: ObjectID? { nil }

    func open() throws -> any Snapshot {
        StagedSnapshot(
            repository: try GitRepository(opening: repositoryPath, searchingParents: true), staged: staged,
            folder: folder)
    }
}

private struct StagedSnapshot: Snapshot {
    let repository: GitRepository
    let staged: StagedFiles
    let folder: String

    func files() throws -> [TreeFile] { staged.files.filter { isBelow($0.path) } }

    func file(at path: String) throws -> TreeFile? { isBelow(path) ? staged.byPath[path] : nil }

    func fileOutside(at path: String) throws -> TreeFile? { staged.byPath[path] }

    func read(_ file: TreeFile, limitBytes: Int) throws -> [UInt8] {
        try repository.blob(file.blob, limitBytes: limitBytes)
    }

    private func isBelow(_ path: String) -> Bool { folder.isEmpty || path.hasPrefix(folder + "/") }
}
