internal import ResealCore

/// Reads a dotenv file of SOPS: a key, `=` and the rest of the line as it is, but for `\n`, which stands for a line
/// break. Lines that begin with `#` are comments.
enum SOPSDotenvReader {
    private static let metadataPrefix = "sops_"
    private static let maximumLines = YAMLLimits().nodes

    /// The entries, and the metadata that stand among them as flat keys.
    static func read(_ source: SourceText) throws(ManifestFailure) -> (SOPSNode<SOPSScalar>, metadata: JSON?) {
        var entries: [SOPSEntry<SOPSScalar>] = []
        var flat: [String: String] = [:]
        var seen: Set<String> = []
        var offset = 0
        guard source.bytes.count(where: { $0 == 0x0a }) <= maximumLines else {
            throw ManifestFailure(
                .sopsFormat, "the file has more than \(maximumLines) lines", hint: "split it", at: source.span(at: 0))
        }
        for line in source.bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
            defer { offset += line.count + 1 }
            if line.isEmpty { continue }
            if line.first == UInt8(ascii: "#") {
                entries.append(.comment(SOPSScalar(.comment(Array(line.dropFirst())), at: offset)))
                continue
            }
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else {
                throw ManifestFailure(
                    .sopsFormat, "a line of a dotenv file is NAME=VALUE or a comment", at: source.span(at: offset))
            }
            let key = String(decoding: line[..<equals], as: UTF8.self)
            guard seen.insert(key).inserted else {
                throw ManifestFailure(.sopsFormat, "a name stands twice", at: source.span(at: offset))
            }
            let value = unescaped(line[(equals + 1)...])
            if key.hasPrefix(metadataPrefix) {
                flat[String(key.dropFirst(metadataPrefix.count))] = String(decoding: value, as: UTF8.self)
            } else {
                let place = offset + equals + 1 - line.startIndex
                entries.append(.value(key: key, offset: offset, .leaf(SOPSScalar(.string(value), at: place))))
            }
        }
        return (.mapping(entries), flat.isEmpty ? nil : SOPSFlatKeys.unflatten(flat))
    }

    private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "n") {
                rest.removeFirst()
                out.append(0x0a)
            } else {
                out.append(byte)
            }
        }
        return out
    }
}

/// Metadata in files that have no nesting: `age__list_0__map_enc`.
enum SOPSFlatKeys {
    private static let map = "__map_"
    private static let list = "__list_"

    /// Lists come out as objects with their positions as keys.
    static func unflatten(_ flat: [String: String]) -> JSON {
        var root: [String: JSON] = [:]
        for (key, value) in flat { insert(.string(value), segments(of: key)[...], into: &root) }
        return .object(root)
    }

    /// All scalars of `json` by their flat keys, sorted.
    static func flatten(_ json: JSON, key: String = "") -> [(key: String, value: String)] {
        switch json {
        case .object(let members):
            members.sorted { $0.key < $1.key }
                .flatMap { flatten($0.value, key: key.isEmpty ? $0.key : key + map + $0.key) }
        case .array(let items): items.enumerated().flatMap { flatten($1, key: "\(key)\(list)\($0)") }
        case .string(let text): [(key, text)]
        default: [(key, json.canonical)]
        }
    }

    private static func segments(of key: String) -> [String] {
        var segments = [""]
        var rest = Substring(key)
        while let next = rest.first {
            if let mark = [map, list].first(where: rest.hasPrefix) {
                rest.removeFirst(mark.count)
                segments.append("")
            } else {
                segments[segments.count - 1].append(next)
                rest.removeFirst()
            }
        }
        return segments
    }

    private static func insert(_ value: JSON, _ segments: ArraySlice<String>, into object: inout [String: JSON]) {
        guard let first = segments.first else { return }
        if segments.count == 1 {
            object[first] = value
        } else {
            var inner = object[first]?.objectValue ?? [:]
            insert(value, segments.dropFirst(), into: &inner)
            object[first] = .object(inner)
        }
    }
}
