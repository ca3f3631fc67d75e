internal import ResealCore

/// The lines of a file of keys.
enum KeyLines {
    /// Calls `read` for each line that is neither empty nor a comment, without the whitespace around it, and with its
    /// place.
    static func map<T>(
        _ bytes: UnsafeRawBufferPointer, name: String,
        _ read: (UnsafeRawBufferPointer, SourceSpan) throws(AgeFailure) -> T
    ) throws(AgeFailure) -> [T] {
        var keys: [T] = []
        for (index, line) in bytes.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated() {
            var line = line.drop(while: Armor.isWhitespace)
            while let last = line.last, Armor.isWhitespace(last) { line.removeLast() }
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            let place = SourceSpan(file: name, line: index + 1)
            do throws(AgeFailure) { keys.append(try read(UnsafeRawBufferPointer(rebasing: line), place)) } catch {
                throw error.at(place)
            }
        }
        return keys
    }
}
