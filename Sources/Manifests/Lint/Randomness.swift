internal import Glibc

/// Tells what a machine made up from what a person wrote.
enum Randomness {
    /// Longer text is data: an image, a font, a compiled thing.
    static let maximumLength = 256
    /// Neighbours in random base64 change their class (upper, lower, digit) 44 times of a hundred, not counting a lower
    /// case letter behind an upper case one; in names made of words, 20 to 26 times.
    private static let changeShare = 0.3

    /// Bits of entropy for each byte, by how often each stands there.
    static func entropy(_ bytes: some Collection<UInt8>) -> Double {
        guard !bytes.isEmpty else { return 0 }
        var counts = [Int](repeating: 0, count: 256)
        for byte in bytes { counts[Int(byte)] += 1 }
        let total = Double(bytes.count)
        return counts.reduce(0) { sum, count in
            count == 0 ? sum : sum - Double(count) / total * log2(Double(count) / total)
        }
    }

    /// True for bytes of base64 that look random: of all three classes, well mixed.
    static func looksRandom(_ bytes: some Collection<UInt8>, threshold: Double) -> Bool {
        var classes = (upper: 0, lower: 0, digit: 0)
        var changes = 0
        var previous = 0
        for byte in bytes {
            let kind: Int
            if ByteClass.upper.contains(byte) {
                (kind, classes.upper) = (1, classes.upper + 1)
            } else if ByteClass.lower.contains(byte) {
                (kind, classes.lower) = (2, classes.lower + 1)
            } else if ByteClass.digits.contains(byte) {
                (kind, classes.digit) = (3, classes.digit + 1)
            } else {
                continue
            }
            if previous != 0, kind != previous, (previous, kind) != (1, 2) { changes += 1 }
            previous = kind
        }
        let letters = classes.upper + classes.lower + classes.digit
        guard classes.upper > 1, classes.lower > 1, classes.digit > 1, letters * 10 >= bytes.count * 8 else {
            return false
        }
        return Double(changes) >= Double(letters - 1) * changeShare && entropy(bytes) >= threshold
    }

    /// True for what a person would hardly write where a word is meant: letters with digits, or upper and lower mixed
    /// within a word, or signs.
    static func isStrong(_ bytes: some Collection<UInt8>) -> Bool {
        guard bytes.count >= 6 else { return false }
        let digits = bytes.contains(where: ByteClass.digits.contains)
        let letters = bytes.contains(where: ByteClass.letters.contains)
        let signs = bytes.contains(where: Self.signs.contains)
        return digits && letters || signs && (digits || letters)
    }

    private static let signs = ByteClass("!#%&*+=?@^~$")
}
