internal import ResealCore

/// From places in a file to places in another text of the same manifests, whose scalars are written differently.
package struct PlaceMap {
    private let from: SourceText
    private let to: SourceText
    /// Offsets of the same nodes in both.
    private let pairs: [(from: Int32, to: Int32)]

    /// `nil` unless both have the same nodes.
    package init?(from: [UInt8], to: [UInt8]) {
        (self.from, self.to) = (Self.text(from), Self.text(to))
        let (old, new) = (Self.nodes(self.from), Self.nodes(self.to))
        guard old.count == new.count else { return nil }
        pairs = zip(old, new).map { ($0, $1) }.sorted { $0.from < $1.from }
    }

    /// The place that corresponds to a 1-based line and column.
    package func place(line: Int, column: Int) -> (line: Int, column: Int) {
        guard line >= 1, line <= from.lineStarts.count else { return (line, column) }
        // The next node in front, or at that very place.
        var best: (from: Int32, to: Int32)?
        for pair in pairs {
            let place = from.position(of: Int(pair.from))
            guard (place.line, place.column) <= (line, column) else { break }
            best = pair
        }
        guard let best else { return (line, column) }
        let (old, new) = (from.position(of: Int(best.from)), to.position(of: Int(best.to)))
        return old.line == line ? (new.line, new.column + column - old.column) : (new.line + line - old.line, column)
    }

    private static func text(_ bytes: [UInt8]) -> SourceText {
        SourceText(file: "", commit: nil, bytes: bytes, maximumDefects: 1)
    }

    private static func nodes(_ text: SourceText) -> [Int32] {
        var log = DiagnosticLog(limit: 1)
        return YAMLReader.read(text, limits: ManifestView.limits.yaml, knowsMarks: true, log: &log).tree.nodes.map(
            \.start)
    }
}
