internal import ResealCore

/// Fields that share the keys in front of them, in the order of the file.
private struct SOPSGroup {
    let key: String
    let leaves: ArraySlice<(path: [String], text: SOPSWrittenLeaf)>

    /// The leaf itself if no keys follow.
    func leaf(at depth: Int) -> SOPSWrittenLeaf? {
        leaves.count == 1 && leaves.first?.path.count == depth ? leaves.first?.text : nil
    }

    /// Splits sorted leaves by their key at `depth`.
    static func groups(of leaves: ArraySlice<(path: [String], text: SOPSWrittenLeaf)>, at depth: Int) -> [SOPSGroup] {
        var groups: [SOPSGroup] = []
        var rest = leaves
        while let key = rest.first?.path[depth] {
            let group = rest.prefix { $0.path[depth] == key }
            groups.append(SOPSGroup(key: key, leaves: group))
            rest = rest.dropFirst(group.count)
        }
        return groups
    }
}

/// Writes YAML with four spaces of indent, as SOPS does.
enum SOPSYAMLWriter {
    static func write(
        _ leaves: [(path: [String], text: SOPSWrittenLeaf)], _ metadata: SOPSWrittenMetadata
    ) -> [UInt8] {
        var out: [UInt8] = []
        write(leaves[...], depth: 0, to: &out)
        out += Array("sops:\n    age:\n".utf8)
        for (recipient, key) in metadata.keys {
            out += Array("        - recipient: \(recipient)\n          enc: |\n".utf8)
            for line in key.split(separator: "\n") { out += Array("            \(line)\n".utf8) }
        }
        let rest: [(String, String)] = [
            ("lastmodified", metadata.lastModified), ("mac", metadata.mac),
            (metadata.selection.key, metadata.selection.value), ("version", metadata.version),
        ]
        for (key, value) in rest {
            out += Array("    \(key): ".utf8) + (key == "mac" ? Array(value.utf8) : YAMLText.scalar(value)) + [0x0a]
        }
        return out
    }

    private static func write(
        _ leaves: ArraySlice<(path: [String], text: SOPSWrittenLeaf)>, depth: Int, to out: inout [UInt8]
    ) {
        for group in SOPSGroup.groups(of: leaves, at: depth) {
            out += [UInt8](repeating: 0x20, count: 4 * depth) + YAMLText.scalar(group.key) + [0x3a]
            switch group.leaf(at: depth + 1) {
            case .null?: out += Array(" null\n".utf8)
            case .text(let text)?: out += Array((text.isEmpty ? " \"\"\n" : " \(text)\n").utf8)
            case nil:
                out.append(0x0a)
                write(group.leaves, depth: depth + 1, to: &out)
            }
        }
    }
}

/// Writes JSON with two spaces of indent.
enum SOPSJSONWriter {
    static func write(
        _ leaves: [(path: [String], text: SOPSWrittenLeaf)], _ metadata: SOPSWrittenMetadata
    ) -> [UInt8] {
        var out: [UInt8] = [0x7b]
        write(leaves[...], depth: 0, to: &out)
        out += Array(",\n  \"sops\": \(metadata.json.pretty(indent: 1))\n}\n".utf8)
        return out
    }

    private static func write(
        _ leaves: ArraySlice<(path: [String], text: SOPSWrittenLeaf)>, depth: Int, to out: inout [UInt8]
    ) {
        let indent = [0x0a] + [UInt8](repeating: 0x20, count: 2 * (depth + 1))
        for (index, group) in SOPSGroup.groups(of: leaves, at: depth).enumerated() {
            if index > 0 { out.append(0x2c) }
            out += indent
            JSON.quote(group.key.utf8, to: &out)
            out += [0x3a, 0x20]
            switch group.leaf(at: depth + 1) {
            case .null?: out += Array("null".utf8)
            case .text(let text)?: JSON.quote(text.utf8, to: &out)
            case nil:
                out.append(0x7b)
                write(group.leaves, depth: depth + 1, to: &out)
                out += indent + [0x7d]
            }
        }
    }
}

/// Writes one line for each field, metadata behind them as flat keys.
enum SOPSDotenvWriter {
    static func write(
        _ leaves: [(path: [String], text: SOPSWrittenLeaf)], _ metadata: SOPSWrittenMetadata
    ) -> [UInt8] {
        var lines = leaves.map { leaf in
            if case .text(let text) = leaf.text { "\(leaf.path[0])=\(text)" } else { "\(leaf.path[0])=" }
        }
        lines += SOPSFlatKeys.flatten(metadata.json).map {
            "sops_\($0.key)=\($0.value.replacing("\n", with: #"\n"#))"
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}
