internal import ResealCore

/// Judges SSH signatures by `ssh-keygen -Y`.
struct SSHSignatureCheck {
    private let program: GitProgram
    private let scratch: ScratchFolder
    private let hasRevokedKeys: Bool

    init(_ scratch: ScratchFolder, hasRevokedKeys: Bool) throws(GitFailure) {
        program = try GitProgram("ssh-keygen", hint: "install OpenSSH's client programs, which verify SSH signatures")
        self.scratch = scratch
        self.hasRevokedKeys = hasRevokedKeys
    }

    func verdict(
        on signature: CommitSignature, committer: String, committedAt: Timestamp, now: Timestamp
    ) throws(GitFailure) -> SignatureVerdict {
        try scratch.write(Array(signature.armor.utf8), "signature")
        let sound = try run(["check-novalidate", "-n", "git"], signature)
        guard sound.status == 0, let key = Self.fingerprint(sound.text) else { return .bad(sound.complaint) }
        let found = try run(["find-principals"] + time(now), nil)
        guard found.status == 0 else { return try unlisted(key, found, at: committedAt) }
        for principal in candidates(found.text, committer) {
            let verified = try verify(signature, as: principal, at: now, countsRevoked: true)
            if verified.status == 0 {
                let earlier = try verify(signature, as: principal, at: committedAt, countsRevoked: false)
                guard earlier.status == 0 else { return .expired("key \(key) did not count at the time of the commit") }
                return .good(CommitSigner(principal: principal, key: key))
            }
            if hasRevokedKeys, try verify(signature, as: principal, at: now, countsRevoked: false).status == 0 {
                return .revoked(key: key)
            }
        }
        return .unknownSigner(key: key)
    }

    /// The principals that the key may stand for: the committer's address first. One with wildcards names nobody.
    private func candidates(_ principals: String, _ committer: String) -> [String] {
        let listed = principals.split(whereSeparator: \.isNewline).map(String.init)
        return ([committer] + listed.filter { $0 != committer }).filter { name in
            !name.isEmpty && !name.contains { "*?!,\" \t".contains($0) }
        }
    }

    private func unlisted(
        _ key: String, _ found: GitProgram.Result, at time: Timestamp
    ) throws(GitFailure) -> SignatureVerdict {
        let complaint = found.complaint
        // Only the words that people read depend on this text.
        if complaint.contains("expired") || complaint.contains("not yet valid") {
            return .expired("key \(key) is outside of its time of validity")
        }
        return try run(["find-principals"] + self.time(time), nil).status == 0
            ? .expired("key \(key) does not count any more") : .unknownSigner(key: key)
    }

    private func verify(
        _ signature: CommitSignature, as principal: String, at time: Timestamp, countsRevoked: Bool
    ) throws(GitFailure) -> GitProgram.Result {
        let revoked = hasRevokedKeys && countsRevoked ? ["-r", "\(scratch.path)/revoked_keys"] : []
        return try run(["verify", "-n", "git", "-I", principal] + revoked + self.time(time), signature)
    }

    private func run(_ arguments: [String], _ signature: CommitSignature?) throws(GitFailure) -> GitProgram.Result {
        let list = arguments[0] == "check-novalidate" ? [] : ["-f", "\(scratch.path)/allowed_signers"]
        return try program.run(
            ["-Y"] + arguments + list + ["-s", "\(scratch.path)/signature"], input: signature?.payload ?? [],
            variables: ["TZ=UTC"])
    }

    /// In the one form that all releases read; without a zone it is local time, hence TZ.
    private func time(_ time: Timestamp) -> [String] {
        let digits = time.description.prefix(19).filter(\.isNumber)
        return ["-Overify-time=\(digits)"]
    }

    private static func fingerprint(_ text: String) -> String? {
        text.split(whereSeparator: \.isWhitespace).last { $0.hasPrefix("SHA256:") }.map(String.init)
    }
}
