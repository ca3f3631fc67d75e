/// Judges the text behind a name that sounds confidential.
enum PlainValue {
    /// How sure one has to be.
    enum Place {
        /// `spec.value` of a Secret: what stands there is a value.
        case secretValue
        case settings
        /// In quotes in a program, or in text for people.
        case code
    }

    static func isSecret(_ bytes: some Collection<UInt8>, _ meaning: SecretNames.Meaning, in place: Place) -> Bool {
        guard bytes.count <= 16_384 else { return place == .secretValue }
        let text = String(decoding: bytes, as: UTF8.self)
        guard !Placeholder.isHarmless(text) else { return false }
        switch place {
        case .secretValue: return true
        case .settings:
            if bytes.allSatisfy(ByteClass.digits.contains) { return !meaning.isLoose && bytes.count >= 6 }
            if bytes.contains(0x20) { return !meaning.isLoose && bytes.count <= 64 && Randomness.isStrong(bytes) }
            return meaning.isLoose ? Randomness.isStrong(bytes) && !isName(bytes) : bytes.count >= 5 && !isCall(bytes)
        case .code:
            return !bytes.contains(0x20) && Randomness.isStrong(bytes) && !isName(bytes) && !isCall(bytes)
        }
    }

    /// `my-secret-1`, `X-Auth-Token`, `spec.token2`: words, each of letters with at most two digits behind.
    private static func isName(_ bytes: some Collection<UInt8>) -> Bool {
        let parts = bytes.split(whereSeparator: { joints.contains($0) })
        guard parts.count > 1, bytes.allSatisfy({ ByteClass.alphanumeric.contains($0) || joints.contains($0) }) else {
            return false
        }
        return parts.allSatisfy { part in
            let letters = part.prefix(while: ByteClass.letters.contains).count
            return letters == part.count || letters > 0 && part.count - letters <= 2
                || letters == 0 && part.count <= 2
        }
    }

    private static let joints = ByteClass("_./:-")

    private static func isCall(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.contains(UInt8(ascii: "(")) || bytes.contains(UInt8(ascii: "{")) || bytes.contains(UInt8(ascii: "["))
    }
}
