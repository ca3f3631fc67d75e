internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import Synchronization

/// Counters of the values that HEAD holds. Someone may have taken the sealed value out of the work tree before he wrote
/// a new one; counted from there, the new one would look older than what was applied.
final class CommittedSeals: Sendable {
    private struct Place: Hashable {
        let manifest: String
        let valueFile: String?
    }

    private let root: String
    private let counters = Mutex<[Place: [LeafName: Int64]]>([:])

    init(root: String) { self.root = root }

    /// 0 where HEAD has no bound value in this place.
    func counter(of leaf: LeafName, in path: String, valueFile: String?) -> Int64 {
        let place = Place(manifest: path, valueFile: valueFile)
        if let known = counters.withLock({ $0[place] }) { return known[leaf] ?? 0 }
        let read = (try? read(path, valueFile: valueFile)) ?? [:]
        counters.withLock { $0[place] = read }
        return read[leaf] ?? 0
    }

    private func read(_ path: String, valueFile: String?) throws -> [LeafName: Int64] {
        let repository = try GitRepository(opening: root, searchingParents: true)
        let tree = try repository.subtree(of: try repository.resolve("HEAD"), at: "")
        func bytes(_ path: String, _ limit: Int) throws -> [UInt8]? {
            try repository.file(at: path, inTree: tree, prefix: "").map {
                try repository.blob($0.blob, limitBytes: limit)
            }
        }
        guard let manifest = try bytes(path, ManifestLimits.standard.yaml.fileBytes) else { return [:] }
        let file = ManifestFile(path: path, bytes: manifest)
        var found: [LeafName: Int64] = [:]
        for manifest in ManifestReader.read(file, marks: .accepted).manifests {
            guard case .secret(let spec) = manifest.spec, let value = spec.value else { continue }
            let id = manifest.key.secretID
            for leaf in value.leaves {
                guard case .sealed(let armor) = leaf.content else { continue }
                found[LeafName(id, leaf.field)] = SealingRules.counter(of: armor)
            }
            if case .file(let source, _) = value.source, source == valueFile {
                let sealed = try? bytes(source, ManifestSealer.maximumValueFileBytes)
                found[LeafName(id, .whole)] = SealingRules.counter(of: sealed)
            }
        }
        return found
    }
}
