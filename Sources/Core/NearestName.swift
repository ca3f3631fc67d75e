/// The nearest known name, for hints behind an unknown one.
package enum NearestName {
    /// The candidate with the smallest edit distance, if it is near enough to be a slip: a third of the length of
    /// `text`, and at least one edit.
    package static func suggestion(for text: String, in candidates: some Sequence<String>) -> String? {
        let count = text.count
        let limit = max(1, min(count, 64) / 3)
        let letters = beginning(of: text)
        var best: (name: String, distance: Int)?
        for candidate in candidates where abs(candidate.count - count) <= limit {
            let distance = editDistance(letters, beginning(of: candidate))
            if distance <= limit, distance < (best?.distance ?? .max) { best = (candidate, distance) }
        }
        return best?.name
    }

    private static func beginning(of text: String) -> [Character] { Array(text.prefix(64).lowercased()) }

    /// Insertions, deletions, substitutions and swaps of neighbours each count one (optimal string alignment).
    private static func editDistance(_ a: [Character], _ b: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
