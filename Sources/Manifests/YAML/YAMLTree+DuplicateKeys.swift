extension YAMLTree {
    /// Pairs of keys with the same text: the first of them, and each later one.
    func duplicateKeys(_ mapping: NodeID) -> [(first: NodeID, second: NodeID)] {
        // Pairwise is fastest for the few keys that a mapping has as a rule; sorting keeps hostile ones from taking
        // quadratic time.
        self[mapping].count <= 32 ? pairwiseDuplicates(mapping) : sortedDuplicates(mapping)
    }

    private func pairwiseDuplicates(_ mapping: NodeID) -> [(first: NodeID, second: NodeID)] {
        var found: [(first: NodeID, second: NodeID)] = []
        var later = firstChild(mapping)
        while later.exists {
            var earlier = firstChild(mapping)
            while earlier != later {
                if self[earlier].count == self[later].count, isEqualText(earlier, later) {
                    found.append((earlier, later))
                    break
                }
                earlier = self[self[earlier].next].next
            }
            later = self[self[later].next].next
        }
        return found
    }

    private func sortedDuplicates(_ mapping: NodeID) -> [(first: NodeID, second: NodeID)] {
        let keys = entries(mapping).map(\.key).sorted {
            let order = compareText($0, $1)
            return order == 0 ? $0.index < $1.index : order < 0
        }
        var found: [(first: NodeID, second: NodeID)] = []
        var first = 0
        for i in keys.indices.dropFirst() {
            if isEqualText(keys[first], keys[i]) { found.append((keys[first], keys[i])) } else { first = i }
        }
        return found.sorted { $0.second.index < $1.second.index }
    }
}
