internal import ResealCore
internal import ResealManifests
internal import ResealSealing

/// Finds values that an edit would leave in Git as they are: in leaves that lost their tag, and in comments, names and
/// other leaves.
struct Exposures {
    private(set) var found: [PreparedEdit.Exposure] = []

    /// - Parameters:
    ///   - edited: the text of the view as it came back.
    ///   - before: the file as it is.
    ///   - after: the file as it would be.
    init(
        _ changes: EditedManifests, of view: ManifestView, edited: [UInt8], before: [UInt8], after: [UInt8],
        name: String
    ) {
        for exposure in changes.exposures {
            var span = exposure.span
            span.file = name
            found.append(.init(kind: .untagged, leaf: exposure.leaf, span: span))
        }
        let known = Set(found.map(\.leaf))
        let values = (view.values + changes.requests.map { ($0.leaf, $0.value) }).filter { !known.contains($0.0) }
        let words = values.flatMap { leaf, value in Self.needles(value).map { (leaf: leaf, text: $0) } }
        let search = TextSearch(words.map(\.text))
        let (old, new) = (search.counts(in: before), search.counts(in: after))
        var reported: Set<LeafName> = []
        for place in words.indices where new[place] > old[place] && reported.insert(words[place].leaf).inserted {
            let offset = search.first(place, in: edited, outsideOf: changes.taggedRanges)
            let line = edited[..<(offset ?? 0)].count { $0 == 0x0a } + 1
            found.append(.init(kind: .repeated, leaf: words[place].leaf, span: SourceSpan(file: name, line: line)))
        }
    }

    /// The value, or the longest line of it, since each line of a text has an indent of its own in YAML; and how it begins
    /// in base64, as values that are no text are shown.
    private static func needles(_ value: SecretBytes) -> [[UInt8]] {
        value.withUnsafeBytes { bytes in
            let line = bytes.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }).max { $0.count < $1.count }
            let beginning = UnsafeRawBufferPointer(rebasing: bytes.prefix(base64Bytes))
            return [line.map { Array($0) } ?? [], Base64.encode(beginning, padded: false)]
        }
    }

    private static let base64Bytes = 24
}

/// Looks for any number of words in one pass over a text.
private struct TextSearch {
    /// Shorter words are not looked for: they stand in too many places for no reason.
    private static let shortest = 6
    private static let mask: UInt64 = 1 << 48 - 1
    private let words: [[UInt8]]
    /// The words by their first six bytes.
    private let starts: [UInt64: [Int]]

    init(_ words: [[UInt8]]) {
        self.words = words
        var starts: [UInt64: [Int]] = [:]
        for (place, word) in words.enumerated() where word.count >= Self.shortest {
            starts[word.prefix(Self.shortest).reduce(0) { $0 << 8 | UInt64($1) }, default: []].append(place)
        }
        self.starts = starts
    }

    /// How often each word stands in the text.
    func counts(in text: [UInt8]) -> [Int] {
        var counts = [Int](repeating: 0, count: words.count)
        visit(text) { place, _ in counts[place] += 1 }
        return counts
    }

    func first(_ place: Int, in text: [UInt8], outsideOf ranges: [Range<Int>]) -> Int? {
        var first: Int?
        visit(text) { found, offset in
            let range = offset..<offset + words[found].count
            if found == place, first == nil, !ranges.contains(where: { $0.overlaps(range) }) { first = offset }
        }
        return first
    }

    private func visit(_ text: [UInt8], _ body: (_ place: Int, _ offset: Int) -> Void) {
        guard !starts.isEmpty else { return }
        text.withUnsafeBufferPointer { text in
            var key: UInt64 = 0
            for end in text.indices {
                key = (key << 8 | UInt64(text[end])) & Self.mask
                guard end + 1 >= Self.shortest, let places = starts[key] else { continue }
                let offset = end + 1 - Self.shortest
                for place in places where text[offset...].starts(with: words[place]) { body(place, offset) }
            }
        }
    }
}
