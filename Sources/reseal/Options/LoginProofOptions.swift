internal import ArgumentParser
internal import ResealCore
internal import ResealVault

/// What somebody would prove at a login, so that his access can be looked at before he has logged in.
struct LoginProofOptions: ParsableArguments {
    @Option(help: ArgumentHelp("As after a login with a token of this identity provider.", valueName: "name"))
    var provider: String?

    @Option(help: ArgumentHelp("A claim of that token; may be repeated.", valueName: "claim=text"))
    var claim: [String] = []

    @Option(help: ArgumentHelp("As after a login with a client certificate of this name.", valueName: "name"))
    var certificate: [String] = []

    func validate() throws {
        guard provider == nil || certificate.isEmpty else {
            throw ValidationError("a login has a token or a certificate: give --provider or --certificate")
        }
        guard (provider == nil) == claim.isEmpty else {
            throw ValidationError("--provider and --claim go together: claims are what a provider vouches for")
        }
        guard claim.allSatisfy({ $0.contains("=") && !$0.hasPrefix("=") }) else {
            throw ValidationError("write --claim NAME=TEXT")
        }
    }

    /// `nil` where nothing is proved.
    var identity: TokenIdentity? {
        if !certificate.isEmpty { return TokenIdentity(.certificate(certificate)) }
        return provider.map { provider in
            var claims: [String: [String]] = [:]
            for pair in claim {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                claims[parts[0], default: []].append(parts[1])
            }
            return TokenIdentity(.claims(provider: provider, claims))
        }
    }
}
