/// Bech32 (BIP 173) without its limit of length, read and written without intermediate copies, since what passes
/// through may be a private key.
enum Bech32 {
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xff, count: 256)
        for (value, letter) in alphabet.enumerated() { table[Int(letter)] = UInt8(value) }
        return table
    }()
    private static let checksumLetters = 6

    /// The part before the data of a text that is valid Bech32 in one case; `nil` for any other text. What the data are
    /// is of no interest here.
    static func humanReadablePart(of text: UnsafeRawBufferPointer) -> String? {
        guard let end = text.lastIndex(of: UInt8(ascii: "1")), end > 0, text.count - end - 1 >= checksumLetters else {
            return nil
        }
        let head = text[..<end]
        // Either case alone is a spelling; mixed they are none.
        let isUpper = text.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        guard head.allSatisfy(Stanza.isVisible),
            !isUpper || !text.contains(where: { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
        else { return nil }
        let letters = text.count - end - 1 - checksumLetters
        var checksum = Checksum(prefix: head)
        var padding: UInt8 = 0
        for (i, letter) in text[(end + 1)...].enumerated() {
            guard let value = value(of: letter, isUpper: isUpper) else { return nil }
            checksum.add(value)
            if i == letters - 1 { padding = value & (1 << UInt8(letters * 5 % 8) - 1) }
        }
        guard checksum.isValid, padding == 0, letters * 5 % 8 < 5 else { return nil }
        return String(decoding: head, as: UTF8.self)
    }

    /// Decodes `text` of exactly `out.count` bytes of data. False for anything but valid Bech32 in one case with the
    /// human-readable part `prefix`, whose case decides that of the whole; `out` is then to be thrown away.
    static func decode(
        _ text: UnsafeRawBufferPointer, prefix: StaticString, into out: UnsafeMutableRawBufferPointer
    ) -> Bool {
        let isUpper = prefix.utf8Start.pointee < UInt8(ascii: "a")
        let head = prefix.utf8CodeUnitCount
        let letters = (out.count * 8 + 4) / 5
        guard text.count == head + 1 + letters + checksumLetters, text.starts(with: prefix),
            text[head] == UInt8(ascii: "1")
        else { return false }
        var checksum = Checksum(prefix: text.prefix(head))
        var bits: UInt32 = 0
        var held = 0
        var written = 0
        for (i, letter) in text.dropFirst(head + 1).enumerated() {
            guard let value = value(of: letter, isUpper: isUpper) else { return false }
            checksum.add(value)
            guard i < letters else { continue }
            bits = (bits << 5 | UInt32(value)) & 0xfff
            held += 5
            if held >= 8 {
                held -= 8
                out[written] = UInt8(truncatingIfNeeded: bits >> UInt32(held))
                written += 1
            }
        }
        // Padding bits must be zero, or several texts would mean one key.
        return checksum.isValid && written == out.count && bits & (1 << UInt32(held) - 1) == 0
    }

    /// The length of the text for `bytes` bytes of data.
    static func encodedCount(prefix: StaticString, bytes: Int) -> Int {
        encodedCount(prefix: raw(prefix), bytes: bytes)
    }

    static func encodedCount(prefix: UnsafeRawBufferPointer, bytes: Int) -> Int {
        prefix.count + 1 + (bytes * 8 + 4) / 5 + checksumLetters
    }

    /// Writes the text in the case of `prefix`; `out` has ``encodedCount(prefix:bytes:)`` bytes.
    static func encode(
        _ data: UnsafeRawBufferPointer, prefix: StaticString, into out: UnsafeMutableRawBufferPointer
    ) { encode(data, prefix: raw(prefix), into: out) }

    private static func raw(_ text: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    static func encode(
        _ data: UnsafeRawBufferPointer, prefix head: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
    ) {
        let isUpper = head.first.map { $0 < UInt8(ascii: "a") } ?? false
        out.copyMemory(from: head)
        out[head.count] = UInt8(ascii: "1")
        var position = head.count + 1
        var checksum = Checksum(prefix: head[...])
        func put(_ value: UInt8) {
            let letter = alphabet[Int(value)]
            out[position] = isUpper && letter >= UInt8(ascii: "a") ? letter - 32 : letter
            position += 1
        }
        var bits: UInt32 = 0
        var held: UInt32 = 0
        for byte in data {
            bits = (bits << 8 | UInt32(byte)) & 0xfff
            held += 8
            while held >= 5 {
                held -= 5
                let value = UInt8(bits >> held & 31)
                checksum.add(value)
                put(value)
            }
        }
        if held > 0 {
            let value = UInt8(bits << (5 - held) & 31)
            checksum.add(value)
            put(value)
        }
        for value in checksum.letters { put(value) }
    }

    private static func value(of letter: UInt8, isUpper: Bool) -> UInt8? {
        let isLetter = (letter | 32) >= UInt8(ascii: "a")
        if isLetter, (letter < UInt8(ascii: "a")) != isUpper { return nil }
        let value = values[Int(isLetter ? letter | 32 : letter)]
        return value == 0xff ? nil : value
    }

    /// The BCH checksum over the lower-case text.
    private struct Checksum {
        private var state: UInt32 = 1

        init(prefix: Slice<UnsafeRawBufferPointer>) {
            for byte in prefix { add(Self.lowered(byte) >> 5) }
            add(0)
            for byte in prefix { add(Self.lowered(byte) & 31) }
        }

        mutating func add(_ value: UInt8) {
            let top = state >> 25
            state = (state & 0x1ff_ffff) << 5 ^ UInt32(value)
            let generators: (UInt32, UInt32, UInt32, UInt32, UInt32) =
                (0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3)
            if top & 1 != 0 { state ^= generators.0 }
            if top & 2 != 0 { state ^= generators.1 }
            if top & 4 != 0 { state ^= generators.2 }
            if top & 8 != 0 { state ^= generators.3 }
            if top & 16 != 0 { state ^= generators.4 }
        }

        /// True once text and checksum have been added.
        var isValid: Bool { state == 1 }

        /// The checksum of what has been added.
        var letters: [UInt8] {
            var copy = self
            for _ in 0..<checksumLetters { copy.add(0) }
            let code = copy.state ^ 1
            return (0..<checksumLetters).map { UInt8(code >> (5 * UInt32(checksumLetters - 1 - $0)) & 31) }
        }

        private static func lowered(_ byte: UInt8) -> UInt8 {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 32 : byte
        }
    }
}
