package import ResealSealing
internal import ResealCore

extension SecretValue {
    /// The value as JSON text, for the one who asked for it: a mapping as an object, a scalar as a JSON scalar, binary
    /// leaves as base64 text.
    ///
    /// - Parameters:
    ///   - head: what stands in front of it.
    ///   - tail: what stands behind it.
    package func revealJSON(behind head: [UInt8] = [], before tail: [UInt8] = []) -> SecretBytes {
        var text: [UInt8] = []
        // Growing would leave a copy behind.
        text.reserveCapacity(head.count + Self.jsonBound(of: leaves) + tail.count)
        text += head
        writeJSON(leaves[...], depth: 0, to: &text)
        text += tail
        return SecretBytes(consuming: &text)
    }

    /// What the JSON of `leaves` never exceeds: each byte may become `\u00xx`, and each key has quotes, a colon, a comma
    /// and the braces of its object.
    package static func jsonBound(of leaves: [Leaf]) -> Int {
        leaves.reduce(2) { sum, leaf in
            sum + 6 * leaf.bytes.count + 4 + leaf.path.reduce(0) { $0 + 6 * $1.utf8.count + 6 }
        }
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
    /// Letters, digits and what else a number has: whoever wrote the leaf cannot end it and begin another.
    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "E"),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    fileprivate func writeJSON(to out: inout [UInt8]) {
        bytes.withUnsafeBytes { content in
            switch type {
            case .string: JSON.quote(content, to: &out)
            case .null: out.append(contentsOf: "null".utf8)
            case .integer, .number, .boolean:
                if !content.isEmpty, content.allSatisfy(Self.isBare) {
                    out.append(contentsOf: content)
                } else {
                    JSON.quote(content, to: &out)
                }
            case .binary:
                out.append(UInt8(ascii: "\""))
                var text = Base64.encode(content, padded: true)
                out.append(contentsOf: text)
                text.withUnsafeMutableBytes { explicitZero($0) }
                out.append(UInt8(ascii: "\""))
            }
        }
    }
}
