internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// Logins by client certificates: `auth/cert/login`. That the authority of the settings signed one was checked when the
/// connection was made.
struct CertificateLogin: Sendable {
    static let path = "auth/cert/login"
    let ttl: TimeSpan
    let clock: WallClock

    /// Who holds that certificate. Throws ``LoginFailure``.
    ///
    /// - Parameter der: `nil` where the connection has none.
    func verify(_ der: [UInt8]?, organization: String, role: String?) throws(LoginFailure) -> Login {
        guard let der, let certificate = try? PeerCertificate(der: der, at: clock.now()) else {
            throw LoginFailure(.noCertificate)
        }
        // The connection may be older than the certificate's end.
        guard certificate.isInTime else { throw LoginFailure(.expired) }
        let names = [certificate.commonName].compactMap { $0 } + certificate.alternativeNames
        guard certificate.isForClients, let name = names.first, let principal = LoginName.principal("cert", name) else {
            throw LoginFailure(.malformed)
        }
        return Login(
            principal, organization: organization, identity: TokenIdentity(.certificate(names), role: role), ttl: ttl,
            means: "client certificate")
    }
}
