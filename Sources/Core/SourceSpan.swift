/// A place in a file that a person wrote: 1-based line and column (columns count Unicode scalars), and the commit that
/// the file was read at, unless it came from a work tree.
package struct SourceSpan: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
    package var file: String
    package var line: Int
    package var column: Int
    package var commit: ObjectID?

    package init(file: String, line: Int = 1, column: Int = 1, commit: ObjectID? = nil) {
        self.file = file
        self.line = line
        self.column = column
        self.commit = commit
    }

    package var description: String {
        let place = "\(file):\(line):\(column)"
        return commit.map { "\(place) (commit \($0.short))" } ?? place
    }

    /// By place, then by commit.
    package static func < (a: SourceSpan, b: SourceSpan) -> Bool {
        let (x, y) = ((a.file, a.line, a.column), (b.file, b.line, b.column))
        guard x == y else { return x < y }
        guard let commit = a.commit else { return b.commit != nil }
        return b.commit.map { commit < $0 } ?? false
    }
}
