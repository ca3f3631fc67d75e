/// Matches lists with wildcards that stand for any number of elements.
package enum Wildcards {
    /// Only the last wildcard is ever tried again, which is enough: an earlier one could not do better. So the time
    /// grows with the product of both lengths, whatever the pattern.
    package static func match<P, T>(
        _ pattern: [P], _ text: [T], isWild: (P) -> Bool, isEqual: (P, T) -> Bool
    ) -> Bool {
        var p = 0
        var t = 0
        var retry: (p: Int, t: Int)?
        while t < text.count {
            if p < pattern.count, isWild(pattern[p]) {
                retry = (p, t)
                p += 1
            } else if p < pattern.count, isEqual(pattern[p], text[t]) {
                p += 1
                t += 1
            } else if let last = retry {
                retry = (last.p, last.t + 1)
                p = last.p + 1
                t = last.t + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy(isWild)
    }

    /// Whether `text` fits a pattern in which `*` stands for any text.
    package static func match(_ pattern: String, _ text: String) -> Bool {
        match(Array(pattern.utf8), Array(text.utf8), isWild: { $0 == UInt8(ascii: "*") }, isEqual: ==)
    }
}
