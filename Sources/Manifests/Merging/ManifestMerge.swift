internal import ResealAge
internal import ResealCore

/// Brings two changes of a file of manifests together, document by document and field by field.
///
/// What only one side changed is taken. Two changes of one field are a conflict, which shows the whole field as either
/// side has it: a sealed value is never cut, since half of one is worth nothing.
package struct ManifestMerge {
    /// Brings texts together line by line; `nil` if both changed the same lines.
    package typealias LineMerge = (_ base: [UInt8], _ ours: [UInt8], _ theirs: [UInt8]) -> [UInt8]?

    package struct Conflict: Sendable, Equatable {
        /// The keys that lead to it, from the document's `kind organization name`.
        package let path: [String]
    }

    package struct Outcome: Sendable {
        package let bytes: [UInt8]
        package let conflicts: [Conflict]
    }

    /// Three states of one file.
    package struct Sides: Sendable {
        package var base: [UInt8]
        package var ours: [UInt8]
        package var theirs: [UInt8]

        package init(base: [UInt8], ours: [UInt8], theirs: [UInt8]) {
            (self.base, self.ours, self.theirs) = (base, ours, theirs)
        }
    }

    private let sides: Sides
    private let markers: MergeMarkers
    private let mergeLines: LineMerge

    package init(_ sides: Sides, markers: MergeMarkers, mergeLines: @escaping LineMerge) {
        self.sides = sides
        self.markers = markers
        self.mergeLines = mergeLines
    }

    /// `nil` where the sides are no manifests, or no structure of theirs says how to bring them together.
    ///
    /// Without conflicts, the result has no errors that neither side had, and says what each side changed. Whichever
    /// side is taken in every conflict, it is YAML again.
    package func run() -> Outcome? {
        let limits = ManifestView.limits
        let texts = (base: MergeText(sides.base), ours: MergeText(sides.ours), theirs: MergeText(sides.theirs))
        guard let base = MergeFile(texts.base, limits: limits), let ours = MergeFile(texts.ours, limits: limits),
            let theirs = MergeFile(texts.theirs, limits: limits)
        else { return nil }
        let style = MergeText.merged(base: texts.base, ours: texts.ours, theirs: texts.theirs)
        // Where fields brought together make no sense, whole documents are for a person to look at.
        for depth in [Int.max, 0] {
            var weaver = MergeWeaver(maximumDepth: depth, mergeLines: mergeLines)
            weaver.merge(base.parts, ours.parts, theirs.parts)
            let result = weaver.pieces
            guard isSound(result, style, base, ours, theirs) else { continue }
            var written = style
            if !weaver.conflicts.isEmpty { written.endsWithBreak = true }
            return Outcome(
                bytes: MergeText.styled(result.flatMap { markers.text($0) }, written), conflicts: weaver.conflicts)
        }
        return nil
    }

    private func isSound(
        _ pieces: [MergePiece], _ style: MergeText.Style, _ base: MergeFile, _ ours: MergeFile, _ theirs: MergeFile
    ) -> Bool {
        let limits = ManifestView.limits
        let hasConflicts = pieces.contains { if case .conflict = $0 { true } else { false } }
        guard hasConflicts else {
            let bytes = MergeText.styled(pieces.flatMap(\.ours), style)
            guard let merged = MergeFile(MergeText(bytes), limits: limits),
                merged.leaves.isMerge(base: base.leaves, ours: ours.leaves, theirs: theirs.leaves)
            else { return false }
            let isBroken = [sides.ours, sides.theirs].contains { Self.hasErrors($0, limits) }
            return isBroken || !Self.hasErrors(bytes, limits)
        }
        return [pieces.flatMap(\.ours), pieces.flatMap(\.theirs)].allSatisfy {
            MergeFile(MergeText($0), limits: limits) != nil
        }
    }

    private static func hasErrors(_ bytes: [UInt8], _ limits: ManifestLimits) -> Bool {
        ManifestReader.read(ManifestFile(path: "", bytes: bytes), limits: limits, marks: .accepted).hasErrors
    }
}

/// The lines around a conflict.
package struct MergeMarkers: Sendable {
    private let width: Int
    private let labels: (ours: String, theirs: String)

    package init(width: Int, labels: (ours: String, theirs: String)) {
        self.width = width
        self.labels = labels
    }

    /// Both sides of a conflict, one after the other.
    package func conflict(_ ours: some Collection<UInt8>, _ theirs: some Collection<UInt8>) -> [UInt8] {
        line("<", labels.ours) + Self.ended(ours) + line("=", nil) + Self.ended(theirs) + line(">", labels.theirs)
    }

    func text(_ piece: MergePiece) -> [UInt8] {
        switch piece {
        case .text(let text): text
        case .conflict(let ours, let theirs): conflict(ours, theirs)
        }
    }

    private func line(_ mark: String, _ label: String?) -> [UInt8] {
        Array((String(repeating: mark, count: width) + (label.map { " \($0)" } ?? "") + "\n").utf8)
    }

    private static func ended(_ text: some Collection<UInt8>) -> [UInt8] {
        var text = Array(text)
        if !text.isEmpty, text.last != 0x0a { text.append(0x0a) }
        return text
    }
}
