internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing

/// A value that is a file of its own.
struct EditableValue: EditableText {
    let path: String
    let name: String
    let text: SecretBytes
    let notes: [Diagnostic] = []
    private let found: FoundSecret
    private let before: [UInt8]
    private let isArmored: Bool
    private let ground: SealingGround

    /// Throws ``ReconcileFailure/Kind/undecryptable`` unless one of the identities opens it: there would be nothing to
    /// show.
    init(
        _ found: FoundSecret, path: String, at span: SourceSpan, _ ground: SealingGround, _ identities: [any Identity]
    ) throws {
        self.found = found
        self.path = path
        self.ground = ground
        before = try ground.tree.read(path, limitBytes: ManifestSealer.maximumValueFileBytes)
        let base = path.split(separator: "/").last.map(String.init) ?? path
        name = Self.safeName(base.hasSuffix(".age") ? String(base.dropLast(4)) : base)
        do throws(AgeFailure) {
            let file = try SealedFile(parsing: before)
            isArmored = file.isArmored
            text = try file.open(with: identities)
        } catch {
            let readers = ground.readers(of: before)
            throw DiagnosticsFailure([
                Diagnostic(
                    code: ReconcileFailure.Kind.undecryptable.rawValue,
                    "cannot open the value of \(found.id) in \(path): \(error.message)",
                    hint: readers.map { "it can be opened by \($0); name the identity with --identity" }
                        ?? "name the identity of a recipient with --identity", at: span)
            ])
        }
    }

    func prepare(_ edited: SecretBytes, at now: Timestamp) throws -> PreparedEdit {
        guard !edited.isEqual(to: text) else { return .unchanged }
        let sealed = try ground.rules().seal(
            edited, as: LeafName(found.id, .whole), in: found.file.path, after: before, valueFile: path,
            isArmored: isArmored, at: now)
        let problems = try ChangeValidation(tree: ground.tree, folder: ground.folder)
            .newErrors(replacing: [path: sealed.bytes])
        guard problems.isEmpty else { throw DiagnosticsFailure(problems) }
        return PreparedEdit(FileReplacement(path: path, before: before, after: sealed.bytes), sealed: [sealed])
    }
}
