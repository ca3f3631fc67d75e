internal import ResealCore

extension SpecReader {
    func role(_ spec: NodeID) -> RoleSpec {
        let matches = node(spec, "oidc").map { list in
            tree.items(list).map {
                RoleSpec.ClaimMatch(provider: string($0, "provider") ?? "", claims: dictionary($0, "claims"))
            }
        }
        return RoleSpec(
            description: string(spec, "description"), members: principals(spec, "members"), oidc: matches ?? [],
            certificates: strings(spec, "certificates"))
    }

    func repository(_ spec: NodeID) -> RepositorySpec {
        var repository = RepositorySpec(id: string(spec, "id") ?? "")
        repository.description = string(spec, "description")
        repository.environment = string(spec, "environment")
        repository.requireBinding = flag(spec, "requireBinding") ?? false
        repository.driftPolicy = word(spec, "driftPolicy", as: DriftPolicy.self) ?? .report
        let limits = node(spec, "limits")
        let deletion = node(limits, "massDeletion")
        repository.limits.massDeletionCount = integer(deletion, "count") ?? repository.limits.massDeletionCount
        repository.limits.massDeletionPercent = integer(deletion, "percent") ?? repository.limits.massDeletionPercent
        repository.limits.fileBytes = integer(limits, "fileBytes") ?? repository.limits.fileBytes
        repository.limits.valueBytes = integer(limits, "valueBytes") ?? repository.limits.valueBytes
        return repository
    }

    func recipients(_ spec: NodeID) -> RecipientsSpec {
        var recipients = RecipientsSpec(controller: string(spec, "controller") ?? "")
        if let groups = node(spec, "groups") {
            for (name, list) in tree.entries(groups) {
                recipients.groups[tree.string(name)] = tree.items(list).map(tree.string)
            }
        }
        if let rules = node(spec, "rules") {
            recipients.rules = tree.items(rules).map {
                RecipientsSpec.Rule(
                    paths: globs($0, "paths"), names: globs($0, "names"), pathPattern: pathPattern($0),
                    recipients: strings($0, "recipients"))
            }
        }
        if let path = node(spec, "fromSOPSConfig") {
            recipients.sopsConfig = SOPSConfigReference(path: tree.string(path), span: span(path))
        }
        return recipients
    }

    private func pathPattern(_ rule: NodeID) -> RecipientsSpec.PathPattern? {
        string(rule, "pathRegex").map { RecipientsSpec.PathPattern(regex: $0, folder: string(rule, "below") ?? "") }
    }

    func connection(_ spec: NodeID) -> ConnectionSpec {
        let engine = string(spec, "engine") ?? ""
        var connection = ConnectionSpec(engine: engine)
        connection.description = string(spec, "description")
        connection.endpoint = string(spec, "endpoint")
        connection.credentials = credentials(spec)
        connection.signingKey = signingKey(spec)
        connection.database = string(spec, "database") ?? (engine == "postgresql" ? "postgres" : nil)
        connection.region = string(spec, "region")
        connection.timeout = duration(spec, "timeout")
        return connection
    }

    private func credentials(_ spec: NodeID) -> CredentialsReference? {
        node(spec, "credentialsFrom").map {
            CredentialsReference(
                secret: string($0, "secret") ?? "",
                usernameField: field($0, "usernameField") ?? FieldPath(["username"]),
                passwordField: field($0, "passwordField") ?? FieldPath(["password"]))
        }
    }

    private func signingKey(_ spec: NodeID) -> FieldReference? {
        node(spec, "signingKeyFrom").map {
            FieldReference(secret: string($0, "secret") ?? "", field: field($0, "field"))
        }
    }

    func notifier(_ spec: NodeID) -> NotifierSpec? {
        guard let channel = channel(spec) else { return nil }
        return NotifierSpec(
            channel: channel, events: strings(spec, "events"),
            minimumInterval: duration(spec, "minimumInterval") ?? NotifierSpec.defaultMinimumInterval,
            template: string(spec, "template"), subject: string(spec, "subject"))
    }

    private func channel(_ spec: NodeID) -> NotifierSpec.Channel? {
        let endpoint = string(spec, "endpoint") ?? ""
        return switch string(spec, "channel") {
        case "webhook": .webhook(endpoint: endpoint, signingKey: signingKey(spec))
        case "slack": .slack(endpoint: endpoint)
        case "smtp": .smtp(endpoint: endpoint, to: strings(spec, "to"), credentials: credentials(spec))
        case "exec": .exec(command: string(spec, "command") ?? "")
        default: nil
        }
    }

    func dynamicSecret(_ spec: NodeID) -> DynamicSecretSpec? {
        guard let engine = dynamicEngine(spec) else { return nil }
        let permissions = node(spec, "permissions")
        return DynamicSecretSpec(
            engine: engine, description: string(spec, "description"), service: string(spec, "service"),
            environment: string(spec, "environment"), metadata: dictionary(spec, "metadata"),
            ttl: duration(spec, "ttl") ?? TimeSpan(seconds: 3600),
            maxTTL: duration(spec, "maxTTL") ?? TimeSpan(seconds: 86_400),
            generate: principals(permissions, "generate"), revoke: principals(permissions, "revoke"))
    }

    private func dynamicEngine(_ spec: NodeID) -> DynamicSecretSpec.Engine? {
        switch string(spec, "engine") {
        case "postgresql":
            .postgresql(
                connection: string(spec, "connection") ?? "", creation: strings(spec, "creation"),
                renewal: strings(spec, "renewal"), revocation: strings(spec, "revocation"))
        case "aws":
            .aws(
                connection: string(spec, "connection") ?? "", roleARN: string(spec, "roleARN") ?? "",
                sessionPolicy: string(spec, "sessionPolicy"))
        case "ssh":
            .ssh(
                issuer: string(spec, "issuer") ?? "", principals: strings(spec, "principals"),
                extensions: strings(spec, "extensions"))
        default: nil
        }
    }
}
