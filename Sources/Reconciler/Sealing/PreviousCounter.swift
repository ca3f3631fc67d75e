internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests

/// The counter that the next sealing of a field has to exceed, as far as the work tree and its last commit tell.
///
/// The commit counts too: whoever takes the sealed text away first, or writes a plain one in its place, must not begin
/// again at 1, which would look like a replay.
struct PreviousCounter {
    let id: SecretID
    let field: FieldPath
    let root: String
    /// The manifest's file.
    let path: String

    /// 0 where the field was never sealed with a binding. What cannot be read is being replaced; the planner compares
    /// counters with the vault's anyway.
    func find(in spec: SecretSpec) -> Int64 {
        let tree = WorkTree(root: root)
        let here = counter(in: spec) { try? tree.read($0, limitBytes: Self.maximumFileBytes) }
        return max(here, committed())
    }

    /// Armor adds a third to the largest value.
    private static let maximumFileBytes = DesiredLoader.maximumValueBytes * 3 / 2 + 65_536

    private func committed() -> Int64 {
        guard let repository = try? GitRepository(opening: root, searchingParents: true),
            let head = try? repository.resolve("HEAD"), let tree = try? repository.subtree(of: head, at: "")
        else { return 0 }
        func read(_ path: String, _ limitBytes: Int) -> [UInt8]? {
            guard let file = try? repository.file(at: path, inTree: tree, prefix: "") else { return nil }
            return try? repository.blob(file.blob, limitBytes: limitBytes)
        }
        guard let bytes = read(path, ManifestLimits.standard.yaml.fileBytes) else { return 0 }
        let manifests = ManifestReader.read(ManifestFile(path: path, bytes: bytes)).manifests
        guard case .secret(let spec)? = manifests.first(where: { $0.key == ResourceKey(id) })?.spec else { return 0 }
        return counter(in: spec) { read($0, Self.maximumFileBytes) }
    }

    private func counter(in spec: SecretSpec, readFile: (String) -> [UInt8]?) -> Int64 {
        var sealed: [UInt8]?
        if case .file(let path, _)? = spec.value?.source {
            sealed = field == .whole ? readFile(path) : nil
        } else if case .sealed(let bytes)? = spec.value?.leaf(field)?.content {
            sealed = bytes
        }
        guard let sealed, let file = try? SealedFile(parsing: sealed) else { return 0 }
        return (try? Binding.find(in: file.header.stanzas))?.counter ?? 0
    }
}
