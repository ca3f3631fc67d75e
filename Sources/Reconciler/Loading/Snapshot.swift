package import ResealCore
package import ResealGit

/// The files of one commit, or of a work tree as it lies there. For one thread; parallel readers open one each.
package protocol Snapshot {
    /// Every file below the manifests' folder.
    func files() throws -> [TreeFile]
    /// The same, for whoever reads them anyway: blobs may be left unnamed.
    func unreadFiles() throws -> [TreeFile]
    func file(at path: String) throws -> TreeFile?
    /// The same for a file that may lie outside of the manifests' folder.
    func fileOutside(at path: String) throws -> TreeFile?
    func read(_ file: TreeFile, limitBytes: Int) throws -> [UInt8]
}

extension Snapshot {
    package func unreadFiles() throws -> [TreeFile] { try files() }
}

/// Opens snapshots of the same content.
package protocol SnapshotSource: Sendable {
    /// `nil` for a work tree.
    var commit: ObjectID? { get }
    /// The manifests' folder, from the root of the repository.
    var folder: String { get }
    func open() throws -> any Snapshot
}

package struct CommitSnapshotSource: SnapshotSource {
    package let repositoryPath: String
    package let commit: ObjectID?
    package let folder: String

    package init(repositoryPath: String, commit: ObjectID, folder: String) {
        self.repositoryPath = repositoryPath
        self.commit = commit
        self.folder = folder
    }

    package func open() throws -> any Snapshot {
        let repository = try GitRepository(opening: repositoryPath, searchingParents: true)
        guard let commit else { throw ReconcileFailure(.noRepository, "no commit to read") }
        return CommitSnapshot(
            repository: repository, commit: commit, folder: folder,
            tree: try repository.subtree(of: commit, at: folder))
    }
}

struct CommitSnapshot: Snapshot {
    let repository: GitRepository
    let commit: ObjectID
    let folder: String
    let tree: ObjectID?

    func files() throws -> [TreeFile] { try repository.files(inTree: tree, prefix: folder) }
    func file(at path: String) throws -> TreeFile? {
        guard path.hasPrefix(folder.isEmpty ? "" : folder + "/") else { return nil }
        let relative = folder.isEmpty ? path : String(path.dropFirst(folder.utf8.count + 1))
        return try repository.file(at: relative, inTree: tree, prefix: folder)
    }
    func fileOutside(at path: String) throws -> TreeFile? {
        try repository.file(at: path, inTree: try repository.subtree(of: commit, at: ""), prefix: "")
    }
    func read(_ file: TreeFile, limitBytes: Int) throws -> [UInt8] {
        try repository.blob(file.blob, limitBytes: limitBytes)
    }
}

package struct WorkTreeSnapshotSource: SnapshotSource {
    package let root: String
    package let folder: String
    package var commit: ObjectID? { nil }

    package init(root: String, folder: String) {
        self.root = root
        self.folder = folder
    }

    package func open() throws -> any Snapshot { WorkTreeSnapshot(tree: WorkTree(root: root), folder: folder) }
}

private struct WorkTreeSnapshot: Snapshot {
    let tree: WorkTree
    let folder: String

    func files() throws -> [TreeFile] { try tree.files(under: folder) }
    func unreadFiles() throws -> [TreeFile] { try tree.unreadFiles(under: folder) }
    func file(at path: String) throws -> TreeFile? {
        guard let bytes = try? tree.read(path, limitBytes: WorkTree.maximumFileBytes) else { return nil }
        return TreeFile(path: path, blob: GitRepository.blobID(of: bytes), kind: .regular)
    }
    func fileOutside(at path: String) throws -> TreeFile? { try file(at: path) }
    func read(_ file: TreeFile, limitBytes: Int) throws -> [UInt8] { try tree.read(file.path, limitBytes: limitBytes) }
}

extension TreeFile {
    /// True for the files that hold manifests: `*.yaml` and `*.yml`, but neither hidden files nor SOPS documents.
    package var isManifest: Bool {
        // Told by bytes: a repository has a hundred thousand files.
        let path = path.utf8
        let name = path[(path.lastIndex(of: UInt8(ascii: "/")).map(path.index(after:)) ?? path.startIndex)...]
        guard name.first != UInt8(ascii: "."), let ending = [".yaml", ".yml"].first(where: name.ends) else {
            return false
        }
        let stem = name.dropLast(ending.utf8.count)
        return !stem.ends(with: ".enc") && !stem.ends(with: ".sops")
    }
}

extension Substring.UTF8View {
    fileprivate func ends(with text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
