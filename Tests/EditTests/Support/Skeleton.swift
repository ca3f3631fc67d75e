import ResealCore

@testable import ResealManifests

/// A file without some of its leaves: what must stay when these are written anew.
enum Skeleton {
    static func of(_ bytes: [UInt8], _ isLeft: (ValueLeaf) -> Bool) -> [UInt8] {
        let text = SourceText(file: "", commit: nil, bytes: bytes, maximumDefects: 1)
        var log = DiagnosticLog(limit: 1)
        let tree = YAMLReader.read(text, limits: ManifestView.limits.yaml, knowsMarks: true, log: &log).tree
        let reading = ManifestReader.read(
            ManifestFile(path: "", bytes: bytes), limits: ManifestView.limits, marks: .accepted)
        var ranges: [Range<Int>] = []
        for manifest in reading.manifests {
            guard case .secret(let spec) = manifest.spec else { continue }
            for leaf in spec.value?.leaves ?? [] where isLeft(leaf) {
                guard let place = place(of: leaf, in: tree, text) else { continue }
                ranges.append(place.range.lowerBound..<place.indicatorEnd)
                if place.isBlock { ranges.append(place.headerEnd..<place.range.upperBound) }
            }
        }
        var rest: [UInt8] = []
        var position = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            rest += bytes[position..<range.lowerBound]
            position = range.upperBound
        }
        return rest + bytes[position...]
    }

    static func place(of leaf: ValueLeaf, in tree: YAMLTree, _ text: SourceText) -> ScalarPlace? {
        tree.nodes.first { Int($0.start) == leaf.byteRange.lowerBound && $0.kind == .scalar }
            .map { ScalarPlace($0, in: TextLayout(text)) }
    }
}
