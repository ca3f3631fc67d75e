internal import ResealAge
internal import ResealSealing

/// Age files: what parses is canonical, both ways of opening agree, and armor holds one sequence of bytes.
enum AgeProperties {
    /// The seeds are sealed for it, so that payloads are reached as well.
    static let identity: X25519Identity = {
        let text = "AGE-SECRET-KEY-1KJH7K28M8622KPJNH2W8MQLDZRQLLLRMYJJST7884XM2EMAL960Q6D389Q"
        do { return try X25519Identity(SecretBytes(utf8: text)) } catch { fatalError("\(error)") }
    }()

    static func check(_ bytes: [UInt8]) {
        if let header = try? Header(parsing: bytes) {
            demand(bytes.starts(with: header.encoded()), "a header has two texts")
        }
        if let file = try? Armor.decode(bytes) {
            demand((try? Armor.decode(Armor.encode(file))) == file, "armor changes what is in it")
        }
        let whole = try? SealedFile(parsing: bytes).open(with: [identity])
        let streamed = open(bytes)
        switch (whole, streamed) {
        case (nil, nil): break
        case (let text?, let pieces?):
            demand(text.isEqual(to: SecretBytes(pieces)), "the two ways read different texts")
        default: demand(false, "one way opens what the other refuses")
        }
    }

    /// In small pieces, which do not end where lines or chunks do.
    private static func open(_ bytes: [UInt8]) -> [UInt8]? {
        var rest = bytes[...]
        var text: [UInt8] = []
        let read: ByteReader = { out in
            let count = min(out.count, rest.count, 61)
            out.copyBytes(from: rest.prefix(count))
            rest = rest.dropFirst(count)
            return count
        }
        return (try? Age.decrypt(from: read, with: [identity], into: { text += $0 })) == nil ? nil : text
    }
}
