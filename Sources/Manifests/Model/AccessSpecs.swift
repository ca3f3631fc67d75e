package import ResealCore

/// The spec of a Role: who holds it.
package struct RoleSpec: Sendable, Hashable {
    package struct ClaimMatch: Sendable, Hashable {
        /// Identity provider of the controller's configuration.
        package let provider: String
        /// Claims that must all have these values; `*` matches any text.
        package let claims: [String: String]
    }

    package var description: String?
    /// Users and services, never roles.
    package var members: [Principal] = []
    package var oidc: [ClaimMatch] = []
    /// Names of client certificates.
    package var certificates: [String] = []
}

/// The spec of the one Repository.
package struct RepositorySpec: Sendable, Hashable {
    package struct Limits: Sendable, Hashable {
        /// A plan that deletes more than either stops.
        package var massDeletionCount = 10
        package var massDeletionPercent = 20
        package var fileBytes = 4 << 20
        package var valueBytes = 1 << 20
        package init() {}
    }

    /// Random id that sealed values are bound to.
    package var id: String
    package var description: String?
    package var environment: String?
    package var requireBinding = false
    package var driftPolicy = DriftPolicy.report
    package var limits = Limits()
}

/// The spec of Recipients: which age recipients may open what.
package struct RecipientsSpec: Sendable, Hashable {
    package struct Rule: Sendable, Hashable {
        /// Empty: any file.
        package let paths: [Glob]
        /// Empty: any name.
        package let names: [Glob]
        /// `nil`: any file.
        package var pathPattern: PathPattern?
        /// `age1…` or `group:NAME`, as written.
        package let recipients: [String]
    }

    /// A regular expression over the part of a path below a folder, which is empty for the repository's root. Files
    /// elsewhere do not fit.
    package struct PathPattern: Sendable, Hashable {
        package let regex: String
        package let folder: String
    }

    package var controller: String
    package var groups: [String: [String]] = [:]
    package var rules: [Rule] = []
    /// The `.sops.yaml` whose creation rules follow on these rules, from the repository's root.
    package var sopsConfig: SOPSConfigReference?
}

/// A mention of a `.sops.yaml`.
package struct SOPSConfigReference: Sendable, Hashable {
    /// From the root of the repository.
    package let path: String
    package let span: SourceSpan
}

/// Credentials that stand in a Secret of the same organization.
package struct CredentialsReference: Sendable, Hashable {
    package let secret: String
    package let usernameField: FieldPath
    package let passwordField: FieldPath
}

/// One field of a Secret of the same organization.
package struct FieldReference: Sendable, Hashable {
    package let secret: String
    /// `nil`: the only one.
    package let field: FieldPath?
}

/// The spec of a Connection.
package struct ConnectionSpec: Sendable, Hashable {
    /// `postgresql`, `http`, `oauth`, `ssh`, `aws`, `kubernetes` or `github`.
    package var engine: String
    package var description: String?
    /// Endpoint of the controller's configuration.
    package var endpoint: String?
    package var credentials: CredentialsReference?
    /// What signs requests, for `http`.
    package var signingKey: FieldReference?
    /// For `postgresql`.
    package var database: String?
    /// For `aws`.
    package var region: String?
    package var timeout: TimeSpan?
}

/// The spec of a DynamicSecret: credentials made for each caller.
package struct DynamicSecretSpec: Sendable, Hashable {
    package enum Engine: Sendable, Hashable {
        /// Statements of SQL; without `revocation`, the role's rights are revoked and it is dropped.
        case postgresql(connection: String, creation: [String], renewal: [String], revocation: [String])
        case aws(connection: String, roleARN: String, sessionPolicy: String?)
        case ssh(issuer: String, principals: [String], extensions: [String])
    }

    package var engine: Engine
    package var description: String?
    package var service: String?
    package var environment: String?
    package var metadata: [String: String] = [:]
    package var ttl: TimeSpan
    package var maxTTL: TimeSpan
    /// Who may ask for credentials.
    package var generate: [Principal] = []
    /// Who may revoke credentials of others.
    package var revoke: [Principal] = []
}
