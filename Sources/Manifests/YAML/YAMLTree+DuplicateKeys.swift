extension YAMLTree {
    /// Pairs of keys with the same text: the first of them, and each later one.
    ///
    /// Texts that Unicode calls equivalent are the same here: a reviewer could not tell the keys apart, and nor can
    /// Swift's strings.
    func duplicateKeys(_ mapping: NodeID) -> [(first: NodeID, second: NodeID)] {
        // Pairwise is fastest for the few keys that a mapping has as a rule, hashing for the many of a hostile one.
        self[mapping].count <= 32 ? pairwiseDuplicates(mapping) : duplicates(among: entries(mapping).map(\.key))
    }

    /// Pairs of scalars with the same text, as above.
    func duplicates(among nodes: [NodeID]) -> [(first: NodeID, second: NodeID)] {
        var found: [(first: NodeID, second: NodeID)] = []
        var firsts: [String: NodeID] = [:]
        firsts.reserveCapacity(nodes.count)
        for node in nodes {
            let text = string(node)
            if let first = firsts[text] { found.append((first, node)) } else { firsts[text] = node }
        }
        return found
    }

    private func pairwiseDuplicates(_ mapping: NodeID) -> [(first: NodeID, second: NodeID)] {
        var found: [(first: NodeID, second: NodeID)] = []
        var later = firstChild(mapping)
        while later.exists {
            let isASCII = withText(later) { $0.allSatisfy { $0 < 0x80 } }
            var earlier = firstChild(mapping)
            while earlier != later {
                let isSame =
                    isASCII
                    ? self[earlier].count == self[later].count && isEqualText(earlier, later)
                    : string(earlier) == string(later)
                if isSame {
                    found.append((earlier, later))
                    break
                }
                earlier = self[self[earlier].next].next
            }
            later = self[self[later].next].next
        }
        return found
    }
}
