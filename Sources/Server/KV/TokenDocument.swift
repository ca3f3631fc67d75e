package import ResealCore
package import ResealSealing
package import ResealVault

/// What the API says of tokens.
package enum TokenDocument {
    /// The whole answer to `auth/token/create`.
    package static func answer(
        _ record: TokenRecord, token: SecretBytes, requestID: String, at now: Timestamp
    ) -> SecretBytes {
        let members = KVDocument.envelope(requestID, auth: auth(record, token: token.revealText() ?? "", at: now))
        return SecretBytes(JSON.object(members).canonicalBytes)
    }

    static func auth(_ record: TokenRecord, token: String, at now: Timestamp) -> JSON {
        let policies: JSON = [.string(record.principal.description)]
        return [
            "client_token": .string(token), "accessor": .string(record.accessor), "policies": policies,
            "token_policies": policies, "metadata": .null, "lease_duration": remaining(record, at: now),
            "renewable": .bool(record.isRenewable), "entity_id": "", "token_type": "service",
            "orphan": .bool(record.parent == nil), "mfa_requirement": .null,
            "num_uses": .integer(record.usesLeft ?? 0),
        ]
    }

    static func lookup(_ record: TokenRecord, token: String?, at now: Timestamp) -> JSON {
        let lifetime = (record.endsAt.milliseconds - record.createdAt.milliseconds) / 1000
        return [
            "accessor": .string(record.accessor), "creation_time": .integer(record.createdAt.milliseconds / 1000),
            "creation_ttl": .integer(record.ttl.seconds), "display_name": .string(record.principal.description),
            "entity_id": "", "expire_time": .string(KVDocument.time(record.expiresAt)),
            "explicit_max_ttl": .integer(lifetime), "id": .string(token ?? ""),
            "issue_time": .string(KVDocument.time(record.createdAt)), "meta": .null,
            "num_uses": .integer(record.usesLeft ?? 0), "orphan": .bool(record.parent == nil),
            "path": "auth/token/create", "policies": [.string(record.principal.description)],
            "renewable": .bool(record.isRenewable), "ttl": remaining(record, at: now), "type": "service",
            "scope": record.scope.json, "organization": .string(record.organization),
        ]
    }

    private static func remaining(_ record: TokenRecord, at now: Timestamp) -> JSON {
        .integer(max(0, (record.expiresAt.milliseconds - now.milliseconds) / 1000))
    }
}
