package import ResealCore

/// One change of one leaf of a secret's value.
package struct ManifestEdit: Sendable {
    package enum Content: Sendable {
        /// An armored age file.
        case sealed([UInt8])
        /// Text that may be public, such as a public key.
        case plain(String)
    }

    package let secret: SecretID
    package let field: FieldPath
    package let content: Content

    package init(_ secret: SecretID, _ field: FieldPath, _ content: Content) {
        self.secret = secret
        self.field = field
        self.content = content
    }

    /// The text that the leaf shall have.
    var text: [UInt8] {
        switch content {
        case .sealed(let armor): armor
        case .plain(let text): Array(text.utf8)
        }
    }
}

/// Changes leaves in place: only the bytes of their scalars are replaced, and fields that are missing are added behind
/// the others. Comments, order, quoting and everything else stay as people wrote them, byte for byte.
package enum ManifestEditor {
    /// The file after all `edits`. Nothing is returned unless the new file, read again, differs in those leaves only.
    package static func apply(
        _ edits: [ManifestEdit], to file: ManifestFile, limits: ManifestLimits = .standard
    ) throws(ManifestFailure) -> [UInt8] {
        let before = try ParsedFile(file, limits: limits)
        do throws(ManifestFailure) {
            return try apply(edits, to: before, file, limits)
        } catch {
            // Edits of one place, such as two fields of a value that is not there yet, build on each other.
            guard error == .unsafe, edits.count > 1 else { throw error }
            var bytes = file.bytes
            for edit in edits {
                let step = ManifestFile(path: file.path, bytes: bytes, commit: file.commit)
                bytes = try apply([edit], to: try ParsedFile(step, limits: limits, isOwnWork: true), step, limits)
            }
            return bytes
        }
    }

    private static func apply(
        _ edits: [ManifestEdit], to before: ParsedFile, _ file: ManifestFile, _ limits: ManifestLimits
    ) throws(ManifestFailure) -> [UInt8] {
        var patch = BytePatch(file.bytes)
        for edit in edits {
            let writer = LeafWriter(parsed: before, edit: edit)
            try writer.write(to: &patch)
        }
        let bytes = patch.result()
        let result = ManifestFile(path: file.path, bytes: bytes, commit: file.commit)
        try EditVerification.check(
            edits, before: before, after: try ParsedFile(result, limits: limits, isOwnWork: true))
        return bytes
    }
}

/// The YAML of a file that is being edited.
struct ParsedFile {
    let text: SourceText
    let yaml: YAMLReading
    var tree: YAMLTree { yaml.tree }

    /// `isOwnWork`: the bytes came out of an edit, so an error in them is none of the user's.
    init(_ file: ManifestFile, limits: ManifestLimits, isOwnWork: Bool = false) throws(ManifestFailure) {
        guard file.bytes.count <= limits.yaml.fileBytes else {
            throw ManifestFailure(
                .unreadable, "the file \(isOwnWork ? "would become" : "is") larger than \(limits.yaml.fileBytes) bytes",
                hint: "split it", at: SourceSpan(file: file.path, commit: file.commit))
        }
        text = SourceText(
            file: file.path, commit: file.commit, bytes: file.bytes, maximumDefects: limits.yaml.diagnostics)
        var log = DiagnosticLog(limit: limits.yaml.diagnostics)
        yaml = YAMLReader.read(text, limits: limits.yaml, log: &log)
        guard log.errors == 0, let problem = log.diagnostics.first else {
            if log.errors == 0 { return }
            throw ManifestFailure(.unreadable, "the file has errors", at: SourceSpan(file: file.path))
        }
        throw isOwnWork
            ? .unsafe
            : ManifestFailure(
                .unreadable, "the file cannot be edited while it has errors: \(problem.message)", hint: problem.hint,
                at: problem.span)
    }

    /// The root of the document that declares a secret.
    func document(of secret: SecretID) throws(ManifestFailure) -> NodeID {
        let roots = yaml.documents.map(\.root).filter { root in
            guard let kind = tree.value(root, "kind"), tree.isText(kind, "Secret"),
                let metadata = tree.value(root, "metadata"), let name = tree.value(metadata, "name"),
                tree.string(name) == secret.name
            else { return false }
            let organization = tree.value(metadata, "organization").map(tree.string) ?? SecretID.defaultOrganization
            return organization == secret.organization
        }
        guard let root = roots.first, roots.count == 1 else {
            throw ManifestFailure(
                .noSuchSecret,
                roots.isEmpty ? "\(text.file) does not declare \(secret)" : "\(text.file) declares \(secret) twice",
                at: SourceSpan(file: text.file, commit: text.commit))
        }
        return root
    }
}

extension ManifestFailure {
    /// The check after an edit failed: better no edit than one that does more than was asked.
    static var unsafe: ManifestFailure {
        ManifestFailure(
            .unsafe, "the field cannot be edited in place without changing something else",
            hint: "write the field in block style without anchors, then try again")
    }
}
