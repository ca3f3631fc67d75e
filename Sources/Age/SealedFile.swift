package import ResealSealing
internal import ResealCore

/// An age file that was read but not opened: its header can be inspected without any key.
///
/// The whole file is held in memory; for large ones use ``Age/decrypt(from:with:into:)``.
package struct SealedFile: Sendable {
    package let header: Header
    /// True if it came in ASCII armor.
    package let isArmored: Bool
    /// The file without armor.
    private let bytes: [UInt8]
    private let macCoverage: Int
    private let payloadStart: Int

    /// Reads a binary or armored file, told apart by how it begins. Throws ``AgeFailure/Kind/armor`` or
    /// ``AgeFailure/Kind/header``.
    package init(parsing file: [UInt8]) throws(AgeFailure) {
        isArmored = file.withUnsafeBytes(Armor.looksArmored)
        bytes = isArmored ? try Armor.decode(file) : file
        (header, macCoverage, payloadStart) = try bytes.withRawBytes { (bytes) throws(AgeFailure) in
            var parser = HeaderParser(bytes)
            let header = try parser.parse()
            return (header, parser.macCoverage, parser.payloadStart)
        }
        guard bytes.count >= payloadStart + Payload.nonceBytes else { throw .shortNonce }
    }

    /// The number of plaintext bytes that the file claims; opening it confirms the claim.
    package var plaintextCount: Int { max(0, sealedCount - Payload.chunks(forSealed: sealedCount) * AEAD.tagBytes) }

    private var sealedCount: Int { bytes.count - payloadStart - Payload.nonceBytes }

    /// Opens the file with the first identity that fits.
    ///
    /// Throws ``AgeFailure/Kind/noMatch``, ``AgeFailure/Kind/header``, ``AgeFailure/Kind/hmac`` or
    /// ``AgeFailure/Kind/payload``; no plaintext leaves unless all of it is authentic.
    package func open(with identities: [any Identity]) throws(AgeFailure) -> SecretBytes {
        try bytes.withRawBytes { (bytes) throws(AgeFailure) in
            let coverage = UnsafeRawBufferPointer(rebasing: bytes[..<macCoverage])
            let fileKey = try FileKey.find(in: header, covering: coverage, with: identities)
            let nonceEnd = payloadStart + Payload.nonceBytes
            let key = try FileKey.payloadKey(fileKey, nonce: Array(bytes[payloadStart..<nonceEnd]))
            return try Self.openPayload(bytes.dropping(nonceEnd), key, plaintextCount: plaintextCount)
        }
    }

    private static func openPayload(
        _ sealed: UnsafeRawBufferPointer, _ key: SecretBytes, plaintextCount: Int
    ) throws(AgeFailure) -> SecretBytes {
        let chunks = Payload.chunks(forSealed: sealed.count)
        // This also refuses a last chunk that is shorter than its tag, before memory is taken for the rest.
        guard chunks > 0, sealed.count - (chunks - 1) * Payload.sealedChunkBytes >= AEAD.tagBytes else {
            throw .payload("it is cut short")
        }
        return try SecretBytes(count: plaintextCount) { (out) throws(AgeFailure) in
            var opener = ChunkOpener(key: key)
            for i in 0..<chunks {
                let isEnd = i == chunks - 1
                let start = i * Payload.sealedChunkBytes
                let chunk = sealed[start..<min(start + Payload.sealedChunkBytes, sealed.count)]
                let place = i * Payload.chunkBytes
                let isLast = try opener.open(
                    UnsafeRawBufferPointer(rebasing: chunk), inputEnds: isEnd,
                    into: UnsafeMutableRawBufferPointer(rebasing: out[place..<place + chunk.count - AEAD.tagBytes]))
                guard isLast == isEnd else { throw isLast ? .trailingData : .cutAfterChunk }
            }
        }
    }
}

extension AgeFailure {
    static var shortNonce: AgeFailure { .header("the file ends before its payload begins") }
}
