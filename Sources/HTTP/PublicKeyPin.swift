internal import NIOCore
internal import NIOSSL
internal import ResealCore
internal import ResealSealing

/// The one public key that a server may have, by its SHA-256: the form that `curl --pinnedpubkey` takes.
package struct PublicKeyPin: Sendable, Hashable {
    private static let prefix = "sha256//"
    private let digest: Digest256

    /// Throws ``HTTPFailure`` for anything but `sha256//` and the base64 of 32 bytes.
    package init(_ text: String) throws(HTTPFailure) {
        guard text.hasPrefix(Self.prefix),
            let bytes = Base64.decode(text.dropFirst(Self.prefix.count).utf8, padded: true),
            let digest = Digest256(bytes)
        else {
            throw HTTPFailure(
                .settings, "the pin is not the SHA-256 of a public key",
                hint: "take it from the server's log: `sha256//` and 44 characters")
        }
        self.digest = digest
    }

    /// Lets a connection on only where the server showed that key; nothing was sent before. What has no key that could be
    /// looked at has another one.
    func check(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
            try certificate?.extractPublicKey().toSPKIBytes()
        }.flatMapErrorThrowing { _ in nil }.flatMapThrowing { key in
            guard let key, Digest256(hashing: key) == digest else { throw Self.otherKey }
        }.flatMapError { error in
            channel.close(mode: .all, promise: nil)
            return channel.eventLoop.makeFailedFuture(error)
        }
    }

    private static let otherKey = HTTPFailure(
        .tls, "the server has another public key than the one it is pinned to",
        hint: "if its key was renewed, take the new pin from its log; else somebody is in between")
}
