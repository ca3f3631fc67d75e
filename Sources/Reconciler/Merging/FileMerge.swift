internal import ResealCore
internal import ResealGit
package import ResealManifests
internal import ResealSealing

/// Brings two changes of any file together, as Git asks of a merge driver.
package struct FileMerge: Sendable {
    package enum Outcome: Sendable {
        case merged([UInt8])
        /// With markers around what both changed, and of manifests the keys that lead there.
        case conflicts([UInt8], [ManifestMerge.Conflict])
        /// The sides are no text, and differ.
        case binary
    }

    private let labels = (ours: "ours", theirs: "theirs")
    private let markerWidth: Int

    package init(markerWidth: Int) { self.markerWidth = markerWidth }

    package func run(_ sides: ManifestMerge.Sides) throws -> Outcome {
        if sides.ours == sides.theirs || sides.base == sides.theirs { return .merged(sides.ours) }
        if sides.base == sides.ours { return .merged(sides.theirs) }
        if [sides.base, sides.ours, sides.theirs].contains(where: { $0.contains(0) }) { return .binary }
        let markers = MergeMarkers(width: markerWidth, labels: labels)
        let merge = ManifestMerge(sides, markers: markers) { base, ours, theirs in
            // What cannot be brought together is a conflict.
            guard let (text, hasConflicts) = try? lines(.init(base: base, ours: ours, theirs: theirs)) else {
                return nil
            }
            return hasConflicts ? nil : text
        }
        if let outcome = merge.run() {
            return outcome.conflicts.isEmpty ? .merged(outcome.bytes) : .conflicts(outcome.bytes, outcome.conflicts)
        }
        let (text, hasConflicts) = try lines(sides)
        if hasConflicts { return .conflicts(text, []) }
        // The sides say together what neither of them, as a manifest, could say.
        let areManifests = [sides.ours, sides.theirs].allSatisfy(Self.isManifest)
        return areManifests && !Self.isManifest(text)
            ? .conflicts(markers.conflict(sides.ours, sides.theirs), []) : .merged(text)
    }

    private static func isManifest(_ bytes: [UInt8]) -> Bool {
        !ManifestReader.read(ManifestFile(path: "", bytes: bytes), marks: .accepted).hasErrors
    }

    /// By lines, with each armor as one of them.
    private func lines(_ sides: ManifestMerge.Sides) throws -> ([UInt8], hasConflicts: Bool) {
        var folding = ArmorFolding()
        let outcome = try TextMerge.merge(
            base: SecretBytes(folding.fold(sides.base)), ours: SecretBytes(folding.fold(sides.ours)),
            theirs: SecretBytes(folding.fold(sides.theirs)), labels: labels, markerWidth: markerWidth)
        return (folding.unfold(outcome.text.withUnsafeBytes { Array($0) }), outcome.hasConflicts)
    }
}
