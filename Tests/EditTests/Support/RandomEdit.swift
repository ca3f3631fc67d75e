import ResealCore
import TestSupport

@testable import ResealManifests

/// Changes a view as a person would in an editor.
struct RandomEdit {
    private(set) var bytes: [UInt8]
    /// What the person typed as new values.
    private(set) var typed: [LeafName: [UInt8]] = [:]
    private(set) var added: Set<LeafName> = []
    private let leaves: [LeafName: ValueLeaf]
    private var random: SeededGenerator
    private var changes: [(range: Range<Int>, text: String)] = []

    init(_ view: [UInt8], _ leaves: [LeafName: ValueLeaf], seed: UInt64) {
        bytes = view
        self.leaves = leaves
        random = SeededGenerator(seed: seed &+ 1_000_000)
    }

    private var newLine: String { String(decoding: bytes, as: UTF8.self).contains("\r\n") ? "\r\n" : "\n" }

    mutating func run() {
        let sorted = leaves.sorted { ($0.key.secret, $0.key.field) < ($1.key.secret, $1.key.field) }
        for (name, leaf) in sorted where chance(2) {
            if leaf.mark == nil { tag(name, leaf) } else { retype(name, leaf) }
        }
        if chance(3) { changes.append((bytes.count..<bytes.count, "\(newLine)# the end: hunter2\(newLine)")) }
        apply()
        // Another editor, other line breaks.
        if chance(5) { bytes = bytes.filter { $0 != 0x0d } }
    }

    private mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }

    /// Gives a plain leaf of one line the tag.
    private mutating func tag(_ name: LeafName, _ leaf: ValueLeaf) {
        guard chance(3), case .plain(let scalar) = leaf.content, scalar.kind == .string else { return }
        let source = String(decoding: bytes[leaf.byteRange], as: UTF8.self)
        guard !source.hasPrefix("!!"), !source.hasPrefix("|"), !source.hasPrefix(">") else { return }
        changes.append((leaf.byteRange.lowerBound..<leaf.byteRange.lowerBound, "!seal "))
        typed[name] = scalar.text
        added.insert(name)
    }

    private mutating func retype(_ name: LeafName, _ leaf: ValueLeaf) {
        let text = SourceText(file: "", commit: nil, bytes: bytes, maximumDefects: 1)
        var log = DiagnosticLog(limit: 1)
        let tree = YAMLReader.read(text, limits: ManifestView.limits.yaml, knowsMarks: true, log: &log).tree
        let (value, source) = written()
        guard let place = Skeleton.place(of: leaf, in: tree, text),
            case .plain(let before) = leaf.content, before.text != value
        else { return }
        typed[name] = value
        if place.isBlock {
            // The comment behind the block's indicator stays, as an editor's user would leave it.
            changes.append((place.range.lowerBound..<place.indicatorEnd, source))
            changes.append((place.headerEnd..<place.range.upperBound, ""))
        } else {
            changes.append((place.range, source))
        }
    }

    /// A new value, and one of the ways to type it.
    private mutating func written() -> ([UInt8], String) {
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            let value = random.bytes(Int.random(in: 1..<40, using: &random))
            return (value, "!sealed/base64 \(Base64.encode(value, padded: true))")
        case 1:
            let value = "typed\(Int.random(in: 0..<1000, using: &random))"
            return (Array(value.utf8), "!sealed \(value)")
        case 2:
            let value = RandomValue.word(&random)
            return (Array(value.utf8), "!seal '\(value.replacing("'", with: "''"))'")
        default:
            let value = RandomValue.typed(&random)
            return (Array(value.utf8), "!sealed \(JSON.string(value).canonical)")
        }
    }

    private mutating func apply() {
        for change in changes.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
            bytes.replaceSubrange(change.range, with: Array(change.text.utf8))
        }
    }
}
