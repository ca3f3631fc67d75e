internal import ResealCore
internal import ResealManifests

/// The values that a person names on the command line: by the secret's name, or by the path of a file or folder; `*`
/// and `**` work in both. No words mean everything.
package struct ValueSelection: Sendable {
    private struct Word {
        let text: String
        let glob: Glob?
    }
    private let words: [Word]

    /// - Parameter words: paths are from the root of the repository.
    package init(_ words: [String]) {
        self.words = words.map { text in
            let trimmed = text.hasSuffix("/") ? String(text.dropLast()) : text
            return Word(text: trimmed, glob: trimmed.contains { "*?".contains($0) } ? Glob(trimmed) : nil)
        }
    }

    /// The positions of the words that fit a value; `nil` for none.
    func matches(_ entry: SealEntry) -> Set<Int>? {
        if words.isEmpty { return [] }
        let fitting = words.indices.filter { number in
            let word = words[number]
            return [entry.manifest, entry.valueFile, entry.id.name, entry.id.description].contains { text in
                guard let text else { return false }
                return text == word.text || word.glob?.matches(text) == true
            } || [entry.manifest, entry.valueFile].contains { $0?.hasPrefix(word.text + "/") == true }
        }
        return fitting.isEmpty ? nil : Set(fitting)
    }

    /// One finding for each word that no value fits.
    func unmatched(_ matched: Set<Int>, among names: Set<String>) -> [Diagnostic] {
        words.indices.filter { !matched.contains($0) }.map { number in
            let nearest = NearestName.suggestion(for: words[number].text, in: names.sorted())
            return Diagnostic(
                code: "rekey.no-such-value", "no sealed value belongs to a secret or file `\(words[number].text)`",
                hint: nearest.map { "did you mean `\($0)`?" } ?? "`reseal recipients list --values` names them all")
        }
    }
}
