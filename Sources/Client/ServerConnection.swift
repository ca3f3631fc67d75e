internal import ResealCore
package import ResealHTTP

/// Where a server of secrets is, and how it proves who it is.
package struct ServerConnection: Sendable {
    private static let socketScheme = "unix://"
    /// More than any answer has.
    private static let largestAnswer = 128 << 20

    package let base: WebAddress
    package var settings = WebSettings()

    /// True for the address of an agent of this machine, which has a token of its own and asks for none.
    package static func isAgent(_ address: String) -> Bool { address.hasPrefix(socketScheme) }

    /// - Throws: ``ClientFailure`` for an address that a token would be sent to in the clear, or a pin that is none.
    package init(_ address: String, _ trust: SecretClient.Trust) throws {
        do {
            base =
                try Self.isAgent(address)
                ? WebAddress(socket: String(address.dropFirst(Self.socketScheme.count))) : WebAddress(address)
            guard base.scheme == .https || trust.pin == nil else {
                throw ClientFailure(
                    "client.address", "a server with a pin speaks TLS", hint: "use the https:// address")
            }
            guard base.scheme == .https || base.isLoopback else {
                throw ClientFailure(
                    "client.address", "the token would be sent to \(base.place) in the clear",
                    hint: "use the https:// address")
            }
            settings.authorityFile = trust.authorityFile
            settings.pin = try trust.pin.map { try PublicKeyPin($0) }
            settings.oldestTLS = .v13
            settings.readTimeout = TimeSpan(seconds: 70)
            settings.timeout = TimeSpan(seconds: 120)
            settings.bodyLimit = Self.largestAnswer
        } catch let failure as HTTPFailure {
            throw ClientFailure(failure)
        }
    }
}
