package import ResealCore

/// A Git operation that failed.
///
/// Texts never hold a credential: locations come in their display form, and what libgit2 says is cleaned.
package struct GitFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        case notARepository = "git.not-a-repository"
        /// The repository uses a feature that libgit2 cannot read, for example SHA-256 names.
        case unsupported = "git.unsupported"
        case refNotFound = "git.ref-not-found"
        case refAmbiguous = "git.ref-ambiguous"
        /// The branch exists only as a name: nothing has been committed to it.
        case unbornBranch = "git.unborn-branch"
        case objectMissing = "git.object-missing"
        case corrupt = "git.corrupt"
        case tooLarge = "git.too-large"
        /// The index holds a merge that is not settled.
        case conflicted = "git.conflicted"
        case notAFolder = "git.not-a-folder"
        /// A file of a work tree or of a mirror could not be read or written.
        case file = "git.file"
        /// A commit that cannot be made: its paths, its message or its author.
        case invalidCommit = "git.invalid-commit"
        /// The key that is to sign commits cannot be used.
        case signingKey = "git.signing-key"
        /// A program of the system that is needed.
        case toolMissing = "git.tool-missing"
        case invalidLocation = "git.invalid-location"
        case remoteNotFound = "git.remote-not-found"
        case authentication = "git.authentication"
        case hostKey = "git.host-key"
        case tls = "git.tls"
        case timeout = "git.timeout"
        case unreachable = "git.unreachable"
        /// What answers does not speak Git's protocol.
        case nonsense = "git.nonsense"
        case cancelled = "git.cancelled"
        /// The connection was lost while a commit was on its way; whether it arrived is not known.
        case pushUnknown = "git.push-unknown"
        /// libgit2 refused a call that should not fail.
        case native = "git.native"
    }

    package let kind: Kind
    package let message: String
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    package var code: String { kind.rawValue }

    package var retry: RetryAdvice {
        switch kind {
        case .timeout, .unreachable, .nonsense, .cancelled, .pushUnknown, .native: .later
        case .notARepository, .unsupported, .refNotFound, .refAmbiguous, .unbornBranch, .objectMissing, .corrupt,
            .tooLarge, .conflicted, .notAFolder, .file, .invalidCommit, .signingKey, .toolMissing, .invalidLocation,
            .remoteNotFound, .authentication, .hostKey, .tls:
            .afterFix
        }
    }

    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
