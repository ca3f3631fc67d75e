package import ResealCore

/// Judges signatures of commits, by running `ssh-keygen` and `gpgv`: one program that many trust is better than a
/// second reading of the formats. For one thread.
package final class SignatureChecker {
    private let trust: SignatureTrust
    private let now: Timestamp
    private let scratch: ScratchFolder
    private var ssh: SSHSignatureCheck?
    private var openPGP: OpenPGPSignatureCheck?

    /// Throws ``GitFailure/Kind/file`` if one of the trusted files cannot be read: it must not look as if nobody were
    /// in it, or, of the revoked keys, as if all were well.
    package init(_ trust: SignatureTrust, now: Timestamp) throws(GitFailure) {
        self.trust = trust
        self.now = now
        scratch = try ScratchFolder()
        for (file, name) in [(trust.allowedSigners, "allowed_signers"), (trust.revokedKeys, "revoked_keys")] {
            guard let file else { continue }
            try scratch.write(try Self.read(file), name)
        }
    }

    /// Throws ``GitFailure/Kind/toolMissing`` where the program that could judge is not installed.
    package func verdict(on commit: ObjectID, in repository: GitRepository) throws(GitFailure) -> SignatureVerdict {
        guard let signature = try repository.signature(of: commit) else { return .unsigned }
        if signature.armor.hasPrefix("-----BEGIN SSH SIGNATURE-----") {
            let about = try repository.commit(commit)
            return try sshCheck().verdict(
                on: signature, committer: about.committerEmail, committedAt: about.committedAt, now: now)
        }
        if signature.armor.hasPrefix("-----BEGIN PGP SIGNATURE-----") {
            return try openPGPCheck().verdict(on: signature)
        }
        return .bad("it is neither an SSH nor an OpenPGP signature")
    }

    private func sshCheck() throws(GitFailure) -> SSHSignatureCheck {
        if let ssh { return ssh }
        let made = try SSHSignatureCheck(scratch, hasRevokedKeys: trust.revokedKeys != nil)
        if trust.allowedSigners == nil { try scratch.write([], "allowed_signers") }
        ssh = made
        return made
    }

    private func openPGPCheck() throws(GitFailure) -> OpenPGPSignatureCheck {
        if let openPGP { return openPGP }
        var keys: [UInt8] = []
        if let file = trust.openPGPKeyring { keys = try Self.read(file) }
        let made = try OpenPGPSignatureCheck(scratch, keys: keys)
        openPGP = made
        return made
    }

    private static func read(_ file: String) throws(GitFailure) -> [UInt8] {
        do {
            return try AtomicFile.read(file, limit: 16 << 20)
        } catch {
            throw GitFailure(.file, error.message, hint: error.hint)
        }
    }
}
