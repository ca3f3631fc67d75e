internal import CLibGit2
internal import ResealCore

/// Which keys may have signed a commit. The files belong to whoever judges the repository, never to the repository.
package struct SignatureTrust: Sendable, Hashable {
    /// OpenSSH's allowed signers: principals, options (`namespaces`, `valid-after`, `valid-before`, `cert-authority`),
    /// and a public key on each line.
    package var allowedSigners: String?
    /// SSH keys that count no more: public keys, one a line, or a key revocation list of ssh-keygen.
    package var revokedKeys: String?
    /// OpenPGP public keys, binary or armored. A key that was revoked is to be kept with its revocation.
    package var openPGPKeyring: String?

    package init(allowedSigners: String? = nil, revokedKeys: String? = nil, openPGPKeyring: String? = nil) {
        self.allowedSigners = allowedSigners
        self.revokedKeys = revokedKeys
        self.openPGPKeyring = openPGPKeyring
    }
}

/// Who signed, as far as the trusted files say it.
package struct CommitSigner: Sendable, Hashable {
    /// Of an SSH key, one of its principals: the committer's address if the key has it. Of an OpenPGP key, `openpgp:`
    /// and the primary key's fingerprint.
    package let principal: String
    /// The key's fingerprint.
    package let key: String

    package init(principal: String, key: String) {
        self.principal = principal
        self.key = key
    }
}

/// What a commit's signature is worth.
package enum SignatureVerdict: Sendable, Hashable {
    case good(CommitSigner)
    case unsigned
    /// Made well, with a key that is in none of the trusted files.
    case unknownSigner(key: String)
    /// Not of this commit, or not readable.
    case bad(String)
    /// The key does not count at the time of the commit, or does not count any more. The time of a commit is what its
    /// author says, so a key that has expired vouches for nothing that is seen for the first time.
    case expired(String)
    case revoked(key: String)
}

/// A signature taken out of a commit.
struct CommitSignature {
    let armor: String
    /// The commit without it: what was signed.
    let payload: [UInt8]
}

extension GitRepository {
    /// `nil` for an unsigned commit.
    func signature(of commit: ObjectID) throws(GitFailure) -> CommitSignature? {
        var id = commit.raw
        var (signature, payload) = (git_buf(), git_buf())
        defer {
            git_buf_dispose(&signature)
            git_buf_dispose(&payload)
        }
        let status = withRaw { git_commit_extract_signature(&signature, &payload, $0, &id, nil) }
        if status == GIT_ENOTFOUND.rawValue, hasCommit(commit) { return nil }
        guard status == 0 else {
            throw explained(LibGit2.failure(status, "cannot read the signature of commit \(commit.short)"))
        }
        let armor = Array(UnsafeRawBufferPointer(start: signature.ptr, count: signature.size))
        return CommitSignature(
            armor: String(decoding: armor, as: UTF8.self) + "\n",
            payload: Array(UnsafeRawBufferPointer(start: payload.ptr, count: payload.size)))
    }
}
