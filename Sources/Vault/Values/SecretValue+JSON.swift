package import ResealSealing
internal import ResealCore

extension SecretValue {
    /// The value as JSON text, for the one who asked for it: a mapping as an object, a scalar as a JSON scalar, binary
    /// leaves as base64 text. Built in secure memory.
    package func revealJSON() -> SecretBytes {
        var text: [UInt8] = []
        text.reserveCapacity(leaves.reduce(64) { $0 + 2 * $1.bytes.count + 64 })
        writeJSON(leaves[...], depth: 0, to: &text)
        return SecretBytes(consuming: &text)
    }

    private func writeJSON(_ leaves: ArraySlice<Leaf>, depth: Int, to out: inout [UInt8]) {
        if leaves.count == 1, let leaf = leaves.first, leaf.path.count == depth {
            leaf.writeJSON(to: &out)
            return
        }
        out.append(UInt8(ascii: "{"))
        var rest = leaves
        var isFirst = true
        while let key = rest.first?.path[depth] {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            JSON.quote(key.utf8, to: &out)
            out.append(UInt8(ascii: ":"))
            let group = rest.prefix { $0.path[depth] == key }
            writeJSON(group, depth: depth + 1, to: &out)
            rest = rest.dropFirst(group.count)
        }
        out.append(UInt8(ascii: "}"))
    }
}

extension SecretValue.Leaf {
    fileprivate func writeJSON(to out: inout [UInt8]) {
        bytes.withUnsafeBytes { content in
            switch type {
            case .string: JSON.quote(content, to: &out)
            case .integer, .number, .boolean, .null: out.append(contentsOf: content)
            case .binary:
                out.append(UInt8(ascii: "\""))
                out.append(contentsOf: Base64.encode(content, padded: true))
                out.append(UInt8(ascii: "\""))
            }
        }
    }
}
