internal import Foundation
internal import ResealCore

/// A repository with a secret of each type, and an installation that has applied it.
package enum SampleRepository {
    /// A sealed field: name of the secret, field (empty for the whole value), and what is sealed.
    package struct Field: Sendable {
        package let secret: String
        package let field: String
        package let value: String
    }

    package static let fields = [
        Field(secret: "prod/note", field: "", value: "generic-value"),
        Field(secret: "prod/maps-api", field: "", value: "api-key-value"),
        Field(secret: "prod/orders-db", field: "password", value: "database-password"),
        Field(secret: "prod/tls", field: "key", value: "certificate-key"),
        Field(secret: "prod/signing", field: "", value: "signing-key-value"),
        Field(secret: "prod/oauth", field: "clientSecret", value: "oauth-client-secret"),
        Field(secret: "prod/settings", field: "smtp.password", value: "nested-config-password"),
        Field(secret: "prod/blob", field: "", value: "value-in-a-file"),
        Field(secret: "prod/strict", field: "", value: "reverted-when-drifted"),
        Field(secret: "prod/kept", field: "", value: "protected-value"),
    ]

    /// The manifests of ``fields``, with nothing sealed yet.
    package static let manifest = """
        apiVersion: reseal/v1
        kind: Role
        metadata: {name: sre}
        spec:
          members: [user:ada, service:pager]
        ---
        # A comment that no edit may lose.
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/note}
        spec:
          type: generic
          description: A note
          value:
          permissions: {read: [role:sre]}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/maps-api, labels: {team: maps}}
        spec:
          type: api-key
          value:
          expiresAt: 2099-01-31T00:00:00Z
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/orders-db}
        spec:
          type: database
          value:
            host: db.internal
            port: 5432
            username: orders
            password: ""
          permissions: {read: [role:sre, service:orders], write: [role:sre]}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/tls}
        spec:
          type: certificate
          value:
            certificate: public part
            key: ""
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/signing}
        spec: {type: signing-key, value: ""}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/oauth}
        spec:
          type: oauth-token
          value:
            clientID: reseal
            clientSecret: ""
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/settings}
        spec:
          type: config
          value:
            debug: false
            smtp:
              host: mail.internal
              password: ""
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/blob}
        spec:
          value: {fromFile: blob.age}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/strict}
        spec:
          value: ""
          driftPolicy: revert
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/kept}
        spec:
          value: ""
          deletionProtection: true

        """
}

extension Installation {
    /// Writes the sample's manifests, seals every field and commits.
    ///
    /// - Parameter value: what to seal for a field.
    package func fillRepository(
        value: (SampleRepository.Field) -> String = { $0.value }
    ) throws {
        try check("init", "--manifests", "\(repository.path)/manifests", "--recipient", try recipient())
        try repository.write("manifests/all.yaml", SampleRepository.manifest)
        for field in SampleRepository.fields { try seal(field.secret, field.field, value(field)) }
        try repository.commit("sample")
    }

    /// Seals a value in the work tree. Not committed.
    package func seal(_ secret: String, _ field: String = "", _ value: String) throws {
        let option = field.isEmpty ? [] : ["--field", field]
        let line = ["seal", secret, "--repo", repository.path] + option
        let result = try reseal(line, stdin: Array(value.utf8))
        guard result.status == 0 else {
            throw Command.Failure(description: "cannot seal \(secret): \(result.errorText)")
        }
    }

    /// Writes a manifest of a secret with a plain value. Not committed.
    package func writeSecret(_ name: String, value: String = "plain", spec: String = "", file: String? = nil) throws {
        let text = """
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: \(name)}
            spec:
              value: \(value)
            \(spec)
            """
        try repository.write("manifests/\(file ?? "\(name.replacing("/", with: "-")).yaml")", text + "\n")
    }

    /// The sample repository's installation: a vault with settings that name repository and identity.
    package static func sealed() throws -> Installation { try Installation(copying: try sample.get().sealed) }

    /// As ``sealed()``, and the commit is applied.
    package static func applied() throws -> Installation { try Installation(copying: try sample.get().applied) }

    // Made once: sealing and applying costs more than copying.
    private static let sample = Result {
        let sealed = try Installation()
        try sealed.fillRepository()
        try sealed.check("init", "--repo", sealed.repository.path, "--identity", sealed.identity)
        let applied = try Installation(copying: sealed)
        try applied.check("apply", "--yes")
        return (sealed: sealed, applied: applied)
    }
}
