package import ResealCore
internal import ResealSealing

extension SecretValue {
    /// The value of a JSON object. Throws for what a value cannot hold: lists, and objects without members below the
    /// root.
    package init(kv members: [String: JSON]) throws {
        var leaves: [Leaf] = []
        try Self.collect(members, path: [], into: &leaves)
        try self.init(leaves: leaves)
    }

    private static func collect(_ members: [String: JSON], path: [String], into leaves: inout [Leaf]) throws {
        for (key, value) in members {
            let path = path + [key]
            switch value {
            case .object(let inner) where !inner.isEmpty: try collect(inner, path: path, into: &leaves)
            case .array, .object:
                throw ServiceFailure(
                    .badRequest, "a value holds text, numbers, truth values, null, and objects of these; no lists")
            case .string(let text): leaves.append(Leaf(path: path, bytes: SecretBytes(utf8: text)))
            case .integer: leaves.append(leaf(path, .integer, value))
            case .number: leaves.append(leaf(path, .number, value))
            case .bool: leaves.append(leaf(path, .boolean, value))
            case .null: leaves.append(leaf(path, .null, value))
            }
        }
    }

    private static func leaf(_ path: [String], _ type: LeafType, _ value: JSON) -> Leaf {
        Leaf(path: path, type: type, bytes: SecretBytes(utf8: value.canonical))
    }

    /// What the KV API shows: the mapping itself, or a scalar under the key `value`.
    package var kvForm: SecretValue {
        guard isScalar else { return self }
        return (try? SecretValue(leaves: [Leaf(path: ["value"], type: leaves[0].type, bytes: leaves[0].bytes)])) ?? self
    }

    /// True for what the KV API shows of a scalar, and of a mapping that looks like it.
    var isKVScalar: Bool { leaves.count == 1 && leaves[0].path == ["value"] }

    /// Undoes ``kvForm`` where the value before was a scalar.
    func inForm(of old: SecretValue?) -> SecretValue {
        guard isKVScalar, old?.isScalar == true else { return self }
        return SecretValue(scalar: leaves[0].bytes, type: leaves[0].type)
    }

    /// The shape of the value, each leaf in place of which `depth` is not reached yet as null.
    package func subkeys(depth: Int) -> JSON {
        var root: JSON = [:]
        for leaf in leaves {
            root = root.adding(leaf.path[...], depth: depth > 0 ? depth : .max)
        }
        return root
    }
}

extension JSON {
    fileprivate func adding(_ path: ArraySlice<String>, depth: Int) -> JSON {
        guard let key = path.first else { return .null }
        var members = objectValue ?? [:]
        let rest = path.dropFirst()
        members[key] = rest.isEmpty || depth <= 1 ? .null : (members[key] ?? [:]).adding(rest, depth: depth - 1)
        return .object(members)
    }

    /// RFC 7386.
    package func merging(_ patch: JSON) -> JSON {
        guard let changes = patch.objectValue else { return patch }
        var members = objectValue ?? [:]
        for (key, value) in changes {
            members[key] = value == .null ? nil : (members[key] ?? .null).merging(value)
        }
        return .object(members)
    }
}
