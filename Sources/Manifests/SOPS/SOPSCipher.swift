internal import ResealCore
internal import ResealSealing

/// One encrypted leaf: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.
struct SOPSCiphertext {
    /// What the plaintext was before it became text.
    enum Kind: String { case str, int, float, bool, bytes, time, comment }

    let kind: Kind
    private let nonce: [UInt8]
    /// Ciphertext and tag.
    private let sealed: [UInt8]

    private static let start = "ENC[AES256_GCM,data:"
    static let keyBytes = AEAD.keyBytes

    /// `nil` for text of any other form.
    init?(parsing text: [UInt8]) {
        guard text.starts(with: Self.start.utf8), text.last == UInt8(ascii: "]") else { return nil }
        let parts = text.dropFirst(Self.start.utf8.count).dropLast().split(
            separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard parts.count == 4, let data = Base64.decode(parts[0], padded: true), !data.isEmpty,
            let nonce = Self.field("iv:", parts[1]).flatMap({ Base64.decode($0, padded: true) }),
            nonce.count == AEAD.aes256GCMLongNonce.nonceCount,
            let tag = Self.field("tag:", parts[2]).flatMap({ Base64.decode($0, padded: true) }),
            tag.count == AEAD.tagBytes,
            let kind = Self.field("type:", parts[3]).flatMap({ Kind(rawValue: String(decoding: $0, as: UTF8.self)) })
        else { return nil }
        self.kind = kind
        self.nonce = nonce
        sealed = data + tag
    }

    private static func field(_ name: String, _ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        text.starts(with: name.utf8) ? text.dropFirst(name.utf8.count) : nil
    }

    /// True for text that claims to be a ciphertext.
    static func begins(_ text: [UInt8]) -> Bool { text.starts(with: start.utf8) }

    /// Bytes of the plaintext.
    var count: Int { sealed.count - AEAD.tagBytes }

    /// Throws ``SealingFailure/Kind/notAuthentic`` unless `key` and the place are those it was sealed with.
    func open(with key: SecretBytes, place: [UInt8]) throws(SealingFailure) -> SecretBytes {
        try AEAD.aes256GCMLongNonce.open(sealed, key: key, nonce: nonce, aad: place)
    }

    /// The text of a new ciphertext. `plaintext` is not empty: SOPS writes nothing for nothing.
    static func seal(
        _ plaintext: SecretBytes, as kind: Kind, with key: SecretBytes, place: [UInt8]
    ) throws(SealingFailure) -> String {
        let nonce = try SystemRandom.bytes(AEAD.aes256GCMLongNonce.nonceCount)
        let sealed = try AEAD.aes256GCMLongNonce.seal(plaintext, key: key, nonce: nonce, aad: place)
        func text(_ bytes: some Sequence<UInt8>) -> String { Base64.encode(Array(bytes), padded: true) }
        return start + text(sealed.dropLast(AEAD.tagBytes)) + ",iv:" + text(nonce) + ",tag:"
            + text(sealed.suffix(AEAD.tagBytes)) + ",type:\(kind.rawValue)]"
    }

    /// What a leaf is bound to: the keys that lead to it. Positions in lists are no part of it.
    static func place(_ path: [String]) -> [UInt8] { Array((path.joined(separator: ":") + ":").utf8) }
}
