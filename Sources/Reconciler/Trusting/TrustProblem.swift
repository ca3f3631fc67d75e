internal import ResealCore

/// Why a commit is not trusted.
package struct TrustProblem: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case unsigned = "trust.unsigned"
        case unknownSigner = "trust.unknown-signer"
        case badSignature = "trust.bad-signature"
        case expired = "trust.expired"
        case revoked = "trust.revoked-key"
        case signerNotAllowed = "trust.signer-not-allowed"
        case secondSigner = "trust.second-signer"
        /// A symbolic link or a submodule where manifests are.
        case notAFile = "trust.not-a-file"
        /// The trusted root is not in the history of the commit.
        case notRooted = "trust.not-rooted"
        /// A plan would depend on a file that nobody needs to sign.
        case unguardedFile = "trust.unguarded-file"
    }

    package let kind: Kind
    package let message: String

    package var hint: String {
        switch kind {
        case .unsigned: "sign the commit (git commit --amend -S), or let an allowed signer merge it"
        case .unknownSigner: "if the key is to be trusted, add it to the allowed signers of the vault"
        case .badSignature: "the commit was changed after it was signed; make it anew"
        case .expired: "sign with a key that is valid now"
        case .revoked: "sign with another key; nothing that a revoked key signed counts any more"
        case .signerNotAllowed: "let somebody sign who is named for the path in the vault's settings"
        case .secondSigner:
            "make the change on a branch, and let another allowed signer merge it with a signed merge commit"
        case .notAFile: "replace it with a regular file"
        case .notRooted: "check `trusted-root` in the vault's settings, and that the branch is the right one"
        case .unguardedFile:
            "name the file in the vault's settings, under `paths` of `trust`, and of `protected` if Recipients are"
        }
    }
}

/// Commits that are not trusted, so that nothing of them is applied.
package struct TrustFailure: UserFacingFailure, CustomStringConvertible {
    package let code: String
    package let message: String
    package let hint: String?

    init(_ first: TrustProblem, others: Int = 0) {
        code = first.kind.rawValue
        message = first.message + (others == 0 ? "" : "; and \(others) more finding\(others == 1 ? "" : "s")")
        hint = first.hint + (others == 0 ? "" : "; `reseal verify-commits` lists all")
    }
}

extension TrustProblem {
    /// For a plan, which shows what apply would refuse.
    var warning: Diagnostic {
        Diagnostic(.warning, code: kind.rawValue, "apply would refuse this: \(message)", hint: hint)
    }
}
