internal import ResealCore
package import ResealGit
package import ResealManifests

/// Who is called what, for a diff.
package enum DiffNames {
    private static let maximumFiles = 64
    private static let maximumBytes = 1 << 20

    /// The names in the Recipients manifest of a work tree, if it lies directly in the manifests' folder. A diff asks for
    /// every file of it, so nothing below is looked through.
    package static func find(in tree: WorkTree, folder: String) -> RecipientNames {
        let names = ((try? tree.names(in: folder)) ?? []).filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
        let likely = names.filter { $0.hasPrefix("recipients.") }
        for name in (likely + names.filter { !$0.hasPrefix("recipients.") }).prefix(maximumFiles) {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            guard let bytes = try? tree.read(path, limitBytes: maximumBytes),
                bytes.holds(Array("Recipients".utf8)),
                let found = SealedOutline.names(in: ManifestFile(path: path, bytes: bytes))
            else { continue }
            return found
        }
        return RecipientNames()
    }
}
