internal import ResealCore
internal import ResealGit

/// A work tree in which some files have other content: what it would be after a change.
struct OverlaySnapshotSource: SnapshotSource {
    let base: WorkTreeSnapshotSource
    /// From the root of the work tree. Files that are not there yet count as well.
    let replaced: [String: [UInt8]]

    var commit: ObjectID? { nil }
    var folder: String { base.folder }

    func open() throws -> any Snapshot { OverlaySnapshot(base: try base.open(), replaced: replaced, folder: folder) }
}

private struct OverlaySnapshot: Snapshot {
    let base: any Snapshot
    let replaced: [String: [UInt8]]
    let folder: String

    func files() throws -> [TreeFile] {
        let present = try base.files()
        let known = Set(present.map(\.path))
        let added = replaced.keys.filter { $0.hasPrefix(folder.isEmpty ? "" : folder + "/") && !known.contains($0) }
        return (present.map { current($0) } + added.compactMap(file(replacing:)))
            .sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    func file(at path: String) throws -> TreeFile? { try file(replacing: path) ?? base.file(at: path) }

    func fileOutside(at path: String) throws -> TreeFile? { try file(replacing: path) ?? base.fileOutside(at: path) }

    func read(_ file: TreeFile, limitBytes: Int) throws -> [UInt8] {
        guard let bytes = replaced[file.path] else { return try base.read(file, limitBytes: limitBytes) }
        guard bytes.count <= limitBytes else {
            throw GitFailure(.tooLarge, "\(file.path) is larger than \(limitBytes) bytes")
        }
        return bytes
    }

    private func current(_ file: TreeFile) -> TreeFile {
        replaced[file.path].map { TreeFile(path: file.path, blob: GitRepository.blobID(of: $0), kind: file.kind) }
            ?? file
    }

    private func file(replacing path: String) -> TreeFile? {
        replaced[path].map { TreeFile(path: path, blob: GitRepository.blobID(of: $0), kind: .regular) }
    }
}
