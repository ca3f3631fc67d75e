package import ResealAge
package import ResealCore
package import ResealSealing

/// Names one leaf of one secret.
package struct LeafName: Sendable, Hashable, CustomStringConvertible {
    package let secret: SecretID
    package let field: FieldPath

    package init(_ secret: SecretID, _ field: FieldPath) {
        self.secret = secret
        self.field = field
    }

    package var description: String { "\(field == .whole ? "the value" : quoted(field.description)) of \(secret)" }
}

/// Manifests as an editor shows them: sealed leaves are scalars with a tag that hold what was sealed. All else is as in
/// the file.
package struct ManifestView: Sendable {
    /// A leaf that was sealed when the view was made.
    struct Leaf: Sendable {
        let source: ScalarSource
        let sealed: [UInt8]
        let mark: SealMark
        /// What the editor shows: the value, or for an unopened leaf the word that stands for it.
        let shown: SecretBytes
    }

    /// Why a leaf could not be opened.
    package struct Unopened: Sendable {
        package let leaf: LeafName
        /// Where its sealed form stands.
        package let span: SourceSpan
        package let sealed: [UInt8]
        package let failure: AgeFailure
    }

    package let file: ManifestFile
    package let text: SecretBytes
    package let unopened: [Unopened]
    let leaves: [LeafName: Leaf]

    /// The values that the text shows.
    package var values: [(LeafName, SecretBytes)] {
        leaves.filter { $0.value.mark != .unopened }.map { ($0.key, $0.value.shown) }
            .sorted { ($0.0.secret, $0.0.field) < ($1.0.secret, $1.0.field) }
    }

    /// Bounds on what an editor may show and give back. A value may take more room here than in the file.
    static let limits: ManifestLimits = {
        var limits = ManifestLimits.standard
        limits.yaml.fileBytes = 256 << 20
        limits.valueBytes = 128 << 20
        return limits
    }()

    /// - Throws: ``DiagnosticsFailure`` for manifests with errors, ``ManifestFailure`` where a value cannot be shown in
    ///   the place of its sealed form.
    package init(of file: ManifestFile, opening open: (SealedFile) throws(AgeFailure) -> SecretBytes) throws {
        let reading = ManifestReader.read(file)
        if reading.hasErrors { throw DiagnosticsFailure(reading.diagnostics) }
        self.file = file
        let places = try LeafPlaces(file)
        var leaves: [LeafName: Leaf] = [:]
        var unopened: [Unopened] = []
        for manifest in reading.manifests {
            guard case .secret(let spec) = manifest.spec else { continue }
            for leaf in spec.value?.leaves ?? [] {
                // What other leaves share stays as it is: a change of it would be one of the others.
                guard case .sealed(let armor) = leaf.content, let source = places.source(at: leaf.byteRange) else {
                    continue
                }
                let name = LeafName(manifest.key.secretID, leaf.field)
                do throws(AgeFailure) {
                    let value = try open(try SealedFile(parsing: armor))
                    leaves[name] = Leaf(
                        source: source, sealed: armor, mark: Self.isText(value) ? .text : .base64, shown: value)
                } catch {
                    unopened.append(Unopened(leaf: name, span: leaf.span, sealed: armor, failure: error))
                    leaves[name] = Leaf(
                        source: source, sealed: armor, mark: .unopened, shown: SecretBytes(utf8: Self.word(for: armor)))
                }
            }
        }
        self.leaves = leaves
        self.unopened = unopened
        text = try Self.text(leaves, file)
    }

    /// Text that a person can read and type.
    private static func isText(_ value: SecretBytes) -> Bool {
        value.isUTF8
            && value.withUnsafeBytes { bytes in
                bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d }
            }
    }

    /// Enough to tell sealed values apart; says nothing about what was sealed.
    private static func word(for sealed: [UInt8]) -> String {
        Hex.encode(Digest256(hashing: sealed).bytes.prefix(8))
    }

    private static func text(_ leaves: [LeafName: Leaf], _ file: ManifestFile) throws(ManifestFailure) -> SecretBytes {
        func edits(isInline: Bool) -> [ManifestEdit] {
            leaves.map { name, leaf in
                ManifestEdit(name.secret, name.field, .marked(leaf.mark, leaf.shown, isInline: isInline))
            }
        }
        var bytes: [UInt8]
        do throws(ManifestFailure) {
            bytes = try ManifestEditor.apply(edits(isInline: false), to: file, limits: limits)
        } catch {
            guard error == .unsafe else { throw error }
            bytes = try ManifestEditor.apply(edits(isInline: true), to: file, limits: limits)
        }
        return SecretBytes(consuming: &bytes)
    }
}

/// The scalars of a file by the bytes that they take.
private struct LeafPlaces {
    private let parsed: ParsedFile
    private let layout: TextLayout
    private let nodes: [Range<Int>: NodeID]

    init(_ file: ManifestFile) throws(ManifestFailure) {
        parsed = try ParsedFile(file, limits: .standard)
        layout = TextLayout(parsed.text)
        var nodes: [Range<Int>: NodeID] = [:]
        for index in parsed.tree.nodes.indices where parsed.tree.nodes[index].isArmor {
            let node = parsed.tree.nodes[index]
            nodes[Int(node.start)..<Int(node.end)] = NodeID(index: Int32(index))
        }
        self.nodes = nodes
    }

    /// `nil` for a scalar that has an anchor or is an alias.
    func source(at range: Range<Int>) -> ScalarSource? {
        guard let node = nodes[range], !layout.isShared(range.lowerBound) else { return nil }
        return ScalarSource(node, in: parsed)
    }
}
