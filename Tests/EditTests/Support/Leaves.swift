import ResealCore

@testable import ResealManifests

/// The leaves of a text, marked ones included.
enum Leaves {
    static func of(_ bytes: [UInt8]) -> [LeafName: ValueLeaf] {
        let file = ManifestFile(path: "x", bytes: bytes)
        var found: [LeafName: ValueLeaf] = [:]
        for manifest in ManifestReader.read(file, limits: ManifestView.limits, marks: .accepted).manifests {
            guard case .secret(let spec) = manifest.spec else { continue }
            for leaf in spec.value?.leaves ?? [] { found[LeafName(manifest.key.secretID, leaf.field)] = leaf }
        }
        return found
    }

    static func sealed(in bytes: [UInt8]) -> [LeafName: [UInt8]] {
        of(bytes).compactMapValues { if case .sealed(let armor) = $0.content { armor } else { nil } }
    }

    /// Without the line breaks behind an armor, which belong to the place and not to the value.
    static func trimmed(_ armor: [UInt8]) -> ArraySlice<UInt8> {
        armor[..<(armor.lastIndex { $0 != 0x0a }.map { $0 + 1 } ?? 0)]
    }
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
