/// The lines that age's armor begins and ends with, which tell a sealed leaf from a plain one.
enum ArmorMark {
    static let begin: StaticString = "-----BEGIN AGE ENCRYPTED FILE-----"
    static let end: StaticString = "-----END AGE ENCRYPTED FILE-----"

    /// True if the text, without white space in front, begins with the first line of an armor.
    static func begins(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count >= begin.utf8CodeUnitCount else { return false }
        let rest = text.drop(while: isSpace)
        return begin.withUTF8Buffer { rest.starts(with: $0) }
    }

    /// True if the text, without white space behind, ends with the last line of an armor.
    static func ends(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var count = text.count
        while count > 0, isSpace(text[count - 1]) { count -= 1 }
        return end.withUTF8Buffer { mark in
            count > mark.count && text[..<count].suffix(mark.count).elementsEqual(mark)
                && text[count - mark.count - 1] == 0x0a
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0a, 0x0d].contains(byte) }
}
