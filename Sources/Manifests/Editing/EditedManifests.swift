package import ResealCore
package import ResealSealing

/// What a person made of a ``ManifestView``, and what has to be done so that it can go into the file.
package struct EditedManifests: Sendable {
    /// A value that has to be sealed.
    package struct Request: Sendable {
        package let leaf: LeafName
        package let value: SecretBytes
        /// What was sealed in this place before.
        package let previous: [UInt8]?
    }

    /// A leaf that was sealed, and would now stand in Git as it is.
    package struct Exposure: Sendable {
        package let leaf: LeafName
        package let span: SourceSpan
    }

    package let requests: [Request]
    package let exposures: [Exposure]
    /// Sealed leaves of the view that are not there any more.
    package let removed: [LeafName]
    /// Without errors.
    package let warnings: [Diagnostic]
    /// The bytes of the text that tagged leaves take.
    package let taggedRanges: [Range<Int>]
    private let file: ManifestFile
    private let kept: [ManifestEdit]
    private let keptAnew: [ManifestEdit]

    /// - Throws: ``DiagnosticsFailure`` with places in `edited`.
    package init(_ edited: [UInt8], of view: ManifestView) throws {
        file = ManifestFile(path: view.file.path, bytes: edited)
        let reading = ManifestReader.read(file, limits: ManifestView.limits, marks: .accepted)
        var comparison = Comparison(view: view)
        for manifest in reading.manifests {
            guard case .secret(let spec) = manifest.spec else { continue }
            for leaf in spec.value?.leaves ?? [] { comparison.judge(leaf, of: manifest.key.secretID) }
        }
        let problems = reading.diagnostics.filter { $0.severity == .error } + comparison.problems
        guard problems.isEmpty else { throw DiagnosticsFailure(problems) }
        requests = comparison.requests
        exposures = comparison.exposures
        removed = comparison.left.sorted { ($0.secret, $0.field) < ($1.secret, $1.field) }
        warnings = reading.diagnostics
        taggedRanges = comparison.taggedRanges
        kept = comparison.kept.map { ManifestEdit($0.secret, $0.field, .original($1.source)) }
        keptAnew = comparison.kept.map { ManifestEdit($0.secret, $0.field, .sealed($1.sealed)) }
    }

    /// The text with every tagged leaf sealed: unchanged ones in the bytes that they had, the others as `sealed` has
    /// them, in the order of ``requests``.
    package func bytes(sealing sealed: [[UInt8]]) throws(ManifestFailure) -> [UInt8] {
        let fresh = zip(requests, sealed).map { ManifestEdit($0.leaf.secret, $0.leaf.field, .sealed($1)) }
        do throws(ManifestFailure) {
            return try ManifestEditor.apply(kept + fresh, to: file, limits: ManifestView.limits)
        } catch {
            // With another indent, the old bytes need not mean the same any more.
            guard error == .unsafe else { throw error }
            return try ManifestEditor.apply(keptAnew + fresh, to: file, limits: ManifestView.limits)
        }
    }
}

/// Compares leaves with those of a view, one after the other.
private struct Comparison {
    let view: ManifestView
    private(set) var requests: [EditedManifests.Request] = []
    private(set) var exposures: [EditedManifests.Exposure] = []
    private(set) var kept: [(LeafName, ManifestView.Leaf)] = []
    private(set) var problems: [Diagnostic] = []
    private(set) var left: Set<LeafName>
    private(set) var taggedRanges: [Range<Int>] = []

    init(view: ManifestView) {
        self.view = view
        left = Set(view.leaves.keys)
    }

    mutating func judge(_ leaf: ValueLeaf, of secret: SecretID) {
        let name = LeafName(secret, leaf.field)
        left.remove(name)
        let before = view.leaves[name]
        guard case .plain(let scalar) = leaf.content else { return }
        guard let mark = leaf.mark else {
            let isEmpty = scalar.kind == .null || scalar.text.isEmpty
            if before != nil, !isEmpty { exposures.append(.init(leaf: name, span: leaf.span)) }
            return
        }
        taggedRanges.append(leaf.byteRange)
        let value = SecretBytes(scalar.text)
        if mark == .unopened {
            guard let before, before.mark == .unopened, before.shown.isEqual(to: value) else {
                return problems.append(misplaced(name, leaf.span))
            }
            kept.append((name, before))
        } else if let before, before.mark != .unopened, before.shown.isEqual(to: value) {
            kept.append((name, before))
        } else {
            requests.append(.init(leaf: name, value: value, previous: before?.sealed))
        }
    }

    private func misplaced(_ name: LeafName, _ span: SourceSpan) -> Diagnostic {
        Diagnostic(
            code: "edit.unopened", "\(name) stands for a sealed value that was not opened, and was changed or moved",
            hint: "put the line back as it was, or write a new value behind `\(SealMark.text.shown)`", at: span)
    }
}
