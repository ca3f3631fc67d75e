internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing

/// A manifest, or a whole file of them, with its sealed leaves opened.
struct EditableManifest: EditableText {
    let path: String
    let name: String
    let notes: [Diagnostic]
    private let file: ManifestFile
    /// The bytes that are edited; the others stay.
    private let part: Range<Int>
    private let view: ManifestView
    private let ground: SealingGround

    var text: SecretBytes { view.text }

    init(
        _ file: ManifestFile, part: Range<Int>, named name: String, _ ground: SealingGround,
        _ identities: [any Identity]
    ) throws {
        self.file = file
        self.part = part
        self.ground = ground
        path = file.path
        self.name = Self.safeName(name.replacing("/", with: "-"))
        let view = try ManifestView(of: ManifestFile(path: file.path, bytes: Array(file.bytes[part]))) {
            (sealed) throws(AgeFailure) in try sealed.open(with: identities)
        }
        self.view = view
        let linesBefore = file.bytes[..<part.lowerBound].count { $0 == 0x0a }
        // Who gave no identity knows why nothing opens.
        let unopened = identities.isEmpty ? [] : view.unopened
        notes = unopened.map { Self.note($0, linesBefore: linesBefore, readers: ground.readers(of: $0.sealed)) }
    }

    private static func note(_ unopened: ManifestView.Unopened, linesBefore: Int, readers: String?) -> Diagnostic {
        var span = unopened.span
        span.line += linesBefore
        return Diagnostic(
            .warning, code: ReconcileFailure.Kind.undecryptable.rawValue,
            "\(unopened.leaf) cannot be opened, and stays as it is: \(unopened.failure.message)",
            hint: readers.map { "it can be opened by \($0); a new value may be written all the same" }, at: span)
    }

    func prepare(_ edited: SecretBytes, at now: Timestamp) throws -> PreparedEdit {
        guard !edited.isEqual(to: text) else { return .unchanged }
        var bytes = edited.revealBytes()
        defer { bytes.withUnsafeMutableBytes { explicitZero($0) } }
        let (changes, sealed, result) = try atName { try seal(bytes, at: now) }
        let whole = joined(result)
        guard whole != file.bytes else { return .unchanged }
        let problems = try ChangeValidation(tree: ground.tree, folder: ground.folder)
            .newErrors(replacing: [path: whole])
        guard problems.isEmpty else { throw DiagnosticsFailure(relocated(problems, result, edited: bytes)) }
        let exposures = Exposures(changes, of: view, edited: bytes, before: file.bytes, after: whole, name: name)
        return PreparedEdit(
            FileReplacement(path: path, before: file.bytes, after: whole), sealed: sealed, removed: changes.removed,
            exposures: exposures.found, warnings: changes.warnings.map { $0.inFile(name) })
    }

    private func seal(_ bytes: [UInt8], at now: Timestamp) throws -> (EditedManifests, [SealedLeaf], [UInt8]) {
        let changes = try EditedManifests(bytes, of: view)
        guard !changes.requests.isEmpty else { return (changes, [], try changes.bytes(sealing: [])) }
        // The text may hold the rules themselves.
        let rules = try SealingGround(
            ground.tree, folder: ground.folder, access: ground.access, replacing: [path: joined(bytes)]
        ).rules()
        let sealed = try changes.requests.map {
            try rules.seal($0.value, as: $0.leaf, in: path, after: $0.previous, at: now)
        }
        return (changes, sealed, try changes.bytes(sealing: sealed.map(\.bytes)))
    }

    /// The whole file with new bytes for the part that was edited.
    private func joined(_ bytes: [UInt8]) -> [UInt8] {
        let rest = file.bytes[part.upperBound...]
        let lineBreak: [UInt8] = rest.isEmpty || bytes.last == 0x0a || bytes.isEmpty ? [] : [0x0a]
        return file.bytes[..<part.lowerBound] + bytes + lineBreak + rest
    }

    // MARK: Places

    /// Gives findings of the edited text the name that its editor shows.
    private func atName<R>(_ body: () throws -> R) throws -> R {
        do { return try body() } catch let failure as DiagnosticsFailure {
            throw DiagnosticsFailure(failure.diagnostics.map { $0.span?.file == path ? $0.inFile(name) : $0 })
        } catch let failure as ManifestFailure {
            throw DiagnosticsFailure([Diagnostic(failure: failure).inFile(name)])
        }
    }

    /// Findings in the sealed file, at the places of the edited text that they come from.
    private func relocated(_ problems: [Diagnostic], _ result: [UInt8], edited: [UInt8]) -> [Diagnostic] {
        guard let map = PlaceMap(from: result, to: edited) else { return problems }
        let linesBefore = file.bytes[..<part.lowerBound].count { $0 == 0x0a }
        let lines = result.count { $0 == 0x0a } + 1
        return problems.map { problem in
            guard let span = problem.span, span.file == path, (1...lines).contains(span.line - linesBefore) else {
                return problem
            }
            let place = map.place(line: span.line - linesBefore, column: span.column)
            var moved = problem
            moved.span = SourceSpan(file: name, line: place.line, column: place.column)
            return moved
        }
    }
}

extension Diagnostic {
    fileprivate func inFile(_ name: String) -> Diagnostic {
        var moved = self
        moved.span?.file = name
        return moved
    }
}
