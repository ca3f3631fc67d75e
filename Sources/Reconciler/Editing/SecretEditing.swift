package import ResealAge
package import ResealCore
internal import ResealGit
internal import ResealManifests
package import ResealSealing

/// Opens manifests and values of a work tree for editing, and writes them back.
package struct SecretEditing: Sendable {
    package enum Target: Sendable {
        case secret(SecretID)
        /// From the root of the work tree.
        case file(String)
    }

    private let tree: WorkTree
    private let folder: String
    private let identities: [any Identity]
    private let access: KeyAccess

    /// - Parameters:
    ///   - identities: none shows every sealed value as one that cannot be opened.
    ///   - access: what sealing to the recipients of the manifests may do.
    package init(root: String, folder: String, identities: [any Identity], access: KeyAccess = .unattended) {
        tree = WorkTree(root: root)
        self.folder = folder
        self.identities = identities
        self.access = access
    }

    /// For a secret, its document or, where its value is a file, the value; for a file, all that is in it.
    package func open(_ target: Target) throws -> any EditableText {
        switch target {
        case .secret(let id):
            let ground = try SealingGround(tree, folder: folder, access: access, mentioning: id)
            let found = try ground.secret(id)
            if case .file(let path, let span)? = found.spec.value?.source {
                return try EditableValue(found, path: path, at: span, ground, identities)
            }
            return try EditableManifest(
                found.file, part: DocumentSegment.range(of: id, in: found.file), named: id.name + ".yaml", ground,
                identities)
        case .file(let path):
            let name = path.split(separator: "/").last.map { Array($0.utf8) } ?? []
            let ground = try SealingGround(tree, folder: folder, access: access) { candidate, bytes in
                candidate == path || bytes.holds(name)
            }
            if let file = ground.files.first(where: { $0.path == path }) {
                return try EditableManifest(
                    file, part: 0..<file.bytes.count, named: String(decoding: name, as: UTF8.self), ground, identities)
            }
            let (found, span) = try ground.secret(withValueFile: path)
            return try EditableValue(found, path: path, at: span, ground, identities)
        }
    }

    /// Writes an edit, as a whole or not at all.
    ///
    /// Throws ``ReconcileFailure/Kind/changedMeanwhile`` when the file is not what it was when it was opened.
    package func write(_ edit: PreparedEdit) throws {
        guard let replacement = edit.replacement else { return }
        let present = try? tree.read(replacement.path, limitBytes: replacement.before.count)
        guard present == replacement.before else {
            throw ReconcileFailure(
                .changedMeanwhile, "\(replacement.path) was changed by someone else while you edited it",
                hint: "nothing was written; edit again to bring the two together")
        }
        try tree.replaceAll([replacement])
    }

    /// What a person made of `text`, brought together with what is there now.
    package func merge(
        _ mine: SecretBytes, of base: any EditableText, with present: any EditableText
    ) throws -> (text: SecretBytes, hasConflicts: Bool) {
        guard mine.isUTF8, base.text.isUTF8, present.text.isUTF8 else { return (mine, true) }
        let merged = try TextMerge.merge(
            base: base.text, ours: mine, theirs: present.text, labels: ("your text", "on disk"))
        return (merged.text, merged.hasConflicts)
    }
}

extension SealingGround {
    fileprivate func secret(withValueFile path: String) throws -> (FoundSecret, SourceSpan) {
        for file in files {
            for manifest in ManifestReader.read(file, marks: .accepted).manifests {
                guard case .secret(let spec) = manifest.spec, case .file(path, let span)? = spec.value?.source else {
                    continue
                }
                return (FoundSecret(id: manifest.key.secretID, file: file, spec: spec), span)
            }
        }
        throw ReconcileFailure(
            .noManifest, "\(path) is no manifest below \(folder), nor the value of a secret",
            hint: "name a secret, a *.yaml file of the manifests' folder, or a file that `fromFile` names")
    }
}
