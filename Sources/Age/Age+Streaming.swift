internal import ResealSealing
internal import ResealCore

extension Age {
    /// Seals an input of any length in constant memory.
    ///
    /// - Throws: as ``encrypt(_:to:extraStanzas:)``, and what `read` and `write` throw.
    package static func encrypt(
        from read: @escaping ByteReader, to recipients: [any Recipient], extraStanzas: [Stanza] = [],
        armored: Bool = false, into write: @escaping ByteWriter
    ) throws {
        let (start, key) = try begin(recipients, extraStanzas)
        guard armored else {
            try encryptPayload(start, key, read, write)
            return
        }
        var encoder = ArmorEncoder()
        var text: [UInt8] = []
        try encryptPayload(start, key, read) { bytes in
            text.removeAll(keepingCapacity: true)
            encoder.encode(bytes, into: &text)
            try text.withUnsafeBytes(write)
        }
        text.removeAll()
        encoder.finish(into: &text)
        try text.withUnsafeBytes(write)
    }

    private static func encryptPayload(
        _ start: [UInt8], _ key: SecretBytes, _ read: @escaping ByteReader, _ write: ByteWriter
    ) throws {
        let input = LookaheadReader(read)
        // One byte more than a chunk, to see whether the chunk is the last.
        let text = ScratchBuffer(count: Payload.chunkBytes + 1)
        let sealed = ScratchBuffer(count: Payload.sealedChunkBytes)
        var sealer = ChunkSealer(key: key)
        var held = try input.fill(text.bytes)
        // Not before there is input: what someone types at a terminal should not mix with the result.
        try start.withUnsafeBytes(write)
        while true {
            let isLast = held <= Payload.chunkBytes
            let count = min(held, Payload.chunkBytes)
            let out = UnsafeMutableRawBufferPointer(rebasing: sealed.bytes[..<(count + AEAD.tagBytes)])
            try sealer.seal(text.prefix(count), isLast: isLast, into: out)
            try write(UnsafeRawBufferPointer(out))
            if isLast { return }
            text.bytes[0] = text.bytes[Payload.chunkBytes]
            held = 1 + (try input.fill(UnsafeMutableRawBufferPointer(rebasing: text.bytes[1...])))
        }
    }

    /// Opens a binary or armored input of any length in constant memory.
    ///
    /// Each chunk is authentic when `write` gets it, but only a return without an error tells that none is missing: a
    /// caller that cannot take back what it wrote must not act on it before.
    ///
    /// - Throws: as ``SealedFile/open(with:)``, and what `read` and `write` throw.
    package static func decrypt(
        from read: @escaping ByteReader, with identities: [any Identity], into write: ByteWriter
    ) throws {
        var input = LookaheadReader(read)
        try input.lookAhead(4096)
        if input.lookahead.withUnsafeBytes(Armor.looksArmored) {
            input = LookaheadReader(ArmorReader(input).read)
            try input.lookAhead(4096)
        }
        let (header, coverage) = try readHeader(input)
        let fileKey = try coverage.withRawBytes { (coverage) throws(AgeFailure) in
            try FileKey.find(in: header, covering: coverage, with: identities)
        }
        var nonce = [UInt8](repeating: 0, count: Payload.nonceBytes)
        guard try nonce.withUnsafeMutableBytes({ try input.fill($0) }) == nonce.count else {
            throw AgeFailure.shortNonce
        }
        try decryptPayload(input, key: FileKey.payloadKey(fileKey, nonce: nonce), write)
    }

    /// Reads to the end of the header, and not much further if there is none.
    private static func readHeader(_ input: LookaheadReader) throws -> (header: Header, coverage: [UInt8]) {
        // The line of the MAC is the first that begins with dashes; neither a stanza's first line nor base64 does.
        var searched = 0
        while true {
            let bytes = Array(input.lookahead)
            if let end = endOfHeader(bytes, from: &searched) {
                let parsed = try bytes[..<end].withUnsafeBytes { (bytes) throws in
                    var parser = HeaderParser(bytes)
                    return (try parser.parse(), parser.macCoverage, parser.payloadStart)
                }
                input.skip(parsed.2)
                return (parsed.0, Array(bytes[..<parsed.1]))
            }
            let isHopeless = bytes.count > Header.maximumBytes || !bytes.starts(with: Header.versionLine + [0x0a])
            if try isHopeless || !input.extend() {
                // It cannot be a header, and this says why.
                _ = try Header(parsing: bytes)
                throw AgeFailure.header("it is cut short")
            }
        }
    }

    /// The place behind the line feed of the line of the MAC; `searched` remembers what need not be looked at again.
    private static func endOfHeader(_ bytes: [UInt8], from searched: inout Int) -> Int? {
        let limit = min(bytes.count, Header.maximumBytes)
        var position = searched
        while let end = bytes[position..<limit].firstIndex(of: 0x0a) {
            if bytes[position..<end].starts(with: "---".utf8) { return end + 1 }
            position = end + 1
            searched = position
        }
        return nil
    }

    private static func decryptPayload(_ input: LookaheadReader, key: SecretBytes, _ write: ByteWriter) throws {
        // One byte more than a chunk, to see whether the input ends.
        let sealed = ScratchBuffer(count: Payload.sealedChunkBytes + 1)
        let text = ScratchBuffer(count: Payload.chunkBytes)
        var opener = ChunkOpener(key: key)
        var held = 0
        while true {
            held += try input.fill(UnsafeMutableRawBufferPointer(rebasing: sealed.bytes[held...]))
            let inputEnds = held <= Payload.sealedChunkBytes
            let count = min(held, Payload.sealedChunkBytes)
            let out = UnsafeMutableRawBufferPointer(rebasing: text.bytes[..<max(0, count - AEAD.tagBytes)])
            let isLast = try opener.open(sealed.prefix(count), inputEnds: inputEnds, into: out)
            if !out.isEmpty { try write(UnsafeRawBufferPointer(out)) }
            if isLast, !inputEnds { throw AgeFailure.trailingData }
            if isLast { return }
            if inputEnds { throw AgeFailure.cutAfterChunk }
            sealed.bytes[0] = sealed.bytes[Payload.sealedChunkBytes]
            held = 1
        }
    }
}
