package import ResealCore
package import ResealSealing

/// One change of one leaf of a secret's value.
package struct ManifestEdit: Sendable {
    package enum Content: Sendable {
        /// An armored age file.
        case sealed([UInt8])
        /// Text that may be public, such as a public key.
        case plain(String)
        /// What stood there before, in the very bytes that it had.
        case original(ScalarSource)
        /// A value with its tag, as an editor shows it. It stands on one line if asked to.
        case marked(SealMark, SecretBytes, isInline: Bool)
    }

    package let secret: SecretID
    package let field: FieldPath
    package let content: Content

    package init(_ secret: SecretID, _ field: FieldPath, _ content: Content) {
        self.secret = secret
        self.field = field
        self.content = content
    }

    /// True if the leaf need not be text.
    var isWord: Bool {
        if case .original(let source) = content { source.isWord } else { false }
    }

    /// True if a leaf with this text and mark is what the edit is to make.
    func isFulfilled(by text: [UInt8], _ mark: SealMark?) -> Bool {
        switch content {
        // An armor may lose its last line break where the file has none at its end.
        case .sealed(let armor): mark == nil && (text == armor || text + [0x0a] == armor)
        case .plain(let plain): mark == nil && text == Array(plain.utf8)
        // Blank lines around it may have changed.
        case .original(let source): mark == nil && Self.trimmed(text) == Self.trimmed(source.text)
        case .marked(.base64, let value, _):
            mark == .base64
                && Base64.decode(text.filter { $0 != 0x0a }, padded: true).map { SecretBytes($0).isEqual(to: value) }
                    == true
        case .marked(let wanted, let value, _): mark == wanted && SecretBytes(text).isEqual(to: value)
        }
    }

    private static func trimmed(_ text: [UInt8]) -> ArraySlice<UInt8> {
        text[..<(text.lastIndex { !$0.isSpaceOrBreak }.map { $0 + 1 } ?? 0)]
    }
}

/// Changes leaves in place: only the bytes of their scalars are replaced, and fields that are missing are added behind
/// the others. Comments, order, quoting and everything else stay as people wrote them, byte for byte.
package enum ManifestEditor {
    /// The file after all `edits`. Nothing is returned unless the new file, read again, differs in those leaves only.
    package static func apply(
        _ edits: [ManifestEdit], to file: ManifestFile, limits: ManifestLimits = .standard
    ) throws(ManifestFailure) -> [UInt8] {
        try apply(edits[...], to: file, limits, isOwnWork: false)
    }

    private static func apply(
        _ edits: ArraySlice<ManifestEdit>, to file: ManifestFile, _ limits: ManifestLimits, isOwnWork: Bool
    ) throws(ManifestFailure) -> [UInt8] {
        let before = try ParsedFile(file, limits: limits, isOwnWork: isOwnWork)
        do throws(ManifestFailure) {
            return try applyTogether(edits, to: before, file, limits)
        } catch {
            guard error == .unsafe, edits.count > 1 else { throw error }
        }
        // Edits of one place, such as two fields of a value that is not there yet, build on each other.
        let middle = edits.startIndex + edits.count / 2
        let half = try apply(edits[..<middle], to: file, limits, isOwnWork: isOwnWork)
        let step = ManifestFile(path: file.path, bytes: half, commit: file.commit)
        return try apply(edits[middle...], to: step, limits, isOwnWork: true)
    }

    private static func applyTogether(
        _ edits: ArraySlice<ManifestEdit>, to before: ParsedFile, _ file: ManifestFile, _ limits: ManifestLimits
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
    private let secrets: [SecretID: [YAMLDocument]]
    var tree: YAMLTree { yaml.tree }

    /// `isOwnWork`: the bytes came out of an edit, so an error in them is none of the user's.
    init(_ file: ManifestFile, limits: ManifestLimits, isOwnWork: Bool = false) throws(ManifestFailure) {
        guard file.bytes.count <= limits.yaml.fileBytes else {
            throw ManifestFailure(
                .unreadable, "the file \(isOwnWork ? "would become" : "is") larger than \(limits.yaml.fileBytes) bytes",
                hint: "split it", at: SourceSpan(file: file.path, commit: file.commit))
        }
        text = SourceText(
            file: file.path, commit: file.commit, bytes: file.bytes, maximumDefects: limits.yaml.diagnostics + 1)
        var log = DiagnosticLog(limit: limits.yaml.diagnostics)
        yaml = YAMLReader.read(text, limits: limits.yaml, knowsMarks: true, log: &log)
        secrets = Self.secrets(of: yaml)
        guard let problem = log.diagnostics.first(where: { $0.severity == .error }) else { return }
        throw isOwnWork
            ? .unsafe
            : ManifestFailure(
                .unreadable, "the file cannot be edited while it has errors: \(problem.message)", hint: problem.hint,
                at: problem.span)
    }

    private static func secrets(of yaml: YAMLReading) -> [SecretID: [YAMLDocument]] {
        var secrets: [SecretID: [YAMLDocument]] = [:]
        for document in yaml.documents {
            if let secret = secret(document.root, yaml.tree) { secrets[secret, default: []].append(document) }
        }
        return secrets
    }

    private static func secret(_ root: NodeID, _ tree: YAMLTree) -> SecretID? {
        guard let kind = tree.value(root, "kind"), tree.isText(kind, "Secret"),
            let metadata = tree.value(root, "metadata"), let name = tree.value(metadata, "name")
        else { return nil }
        let organization = tree.value(metadata, "organization").map(tree.string)
        return SecretID(tree.string(name), organization: organization ?? SecretID.defaultOrganization)
    }

    /// The document that declares a secret.
    func document(of secret: SecretID) throws(ManifestFailure) -> YAMLDocument {
        let found = secrets[secret] ?? []
        guard let document = found.first, found.count == 1 else {
            throw ManifestFailure(
                .noSuchSecret,
                found.isEmpty ? "\(text.file) does not declare \(secret)" : "\(text.file) declares \(secret) twice",
                at: SourceSpan(file: text.file, commit: text.commit))
        }
        return document
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
