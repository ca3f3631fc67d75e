internal import ResealCore

extension SpecReader {
    func secret(_ spec: NodeID, value: ValueSpec?) -> SecretSpec {
        var secret = SecretSpec()
        secret.type = word(spec, "type", as: SecretType.self) ?? .generic
        secret.description = string(spec, "description")
        secret.service = string(spec, "service")
        secret.environment = string(spec, "environment")
        secret.metadata = dictionary(spec, "metadata")
        secret.value = value
        if let permissions = node(spec, "permissions") {
            secret.permissions = Permissions(
                read: principals(permissions, "read"), write: principals(permissions, "write"),
                rotate: principals(permissions, "rotate"), delete: principals(permissions, "delete"))
        }
        let rotation = node(spec, "rotation")
        secret.rotation = rotation.map(self.rotation)
        secret.keepPrevious =
            duration(spec, "keepPrevious") ?? duration(rotation, "keepPrevious") ?? SecretSpec.defaultKeepPrevious
        secret.expiresAt = time(spec, "expiresAt")
        secret.autoRenew = flag(spec, "autoRenew") ?? false
        secret.sensitive = flag(spec, "sensitive") ?? false
        secret.sync = strings(spec, "sync")
        secret.deletionProtection = flag(spec, "deletionProtection") ?? false
        secret.driftPolicy = word(spec, "driftPolicy", as: DriftPolicy.self)
        return secret
    }

    private func rotation(_ node: NodeID) -> RotationSpec {
        var rotation = RotationSpec(span: span(node))
        rotation.every = duration(node, "every")
        if let window = self.node(node, "window"), let opens = string(window, "cron").flatMap({ CronExpression($0) }) {
            rotation.window = RotationWindow(
                opens: opens, duration: duration(window, "duration") ?? TimeSpan(seconds: 0))
        }
        rotation.splay = duration(node, "splay")
        rotation.generate = self.node(node, "generate").flatMap(generator)
        rotation.handler = self.node(node, "handler").flatMap(handler)
        rotation.notify = strings(node, "notify")
        return rotation
    }

    private func generator(_ node: NodeID) -> GeneratorSpec? {
        guard let name = string(node, "kind"), let kind = generatorKind(name, node) else { return nil }
        return GeneratorSpec(
            kind: kind, name: name, field: field(node, "field"), publicField: field(node, "publicField"),
            certificateField: field(node, "certificateField"), csrField: field(node, "csrField"))
    }

    private func generatorKind(_ name: String, _ node: NodeID) -> GeneratorSpec.Kind? {
        let bits = integer(node, "bits") ?? 3072
        let curve = string(node, "curve") ?? "p256"
        switch name {
        case "password":
            return .password(
                length: integer(node, "length") ?? 32, symbols: string(node, "symbols") ?? "",
                exclude: string(node, "exclude") ?? "")
        case "bytes":
            return .bytes(length: integer(node, "length") ?? 32, encoding: string(node, "encoding") ?? "base64")
        case "uuid": return .uuid
        case "passphrase":
            return .passphrase(words: integer(node, "words") ?? 8, separator: string(node, "separator") ?? "-")
        case "ssh":
            return .ssh(
                algorithm: string(node, "algorithm") ?? "ed25519", bits: bits, comment: string(node, "comment") ?? "")
        case "rsa", "ec", "ed25519":
            return GeneratorSpec.KeyKind(rawValue: name).map { .key($0, bits: bits, curve: curve) }
        case "x509":
            return .x509(
                GeneratorSpec.CertificateRequest(
                    commonName: string(node, "commonName") ?? "", dnsNames: strings(node, "dnsNames"),
                    ipAddresses: strings(node, "ipAddresses"),
                    validity: duration(node, "validity") ?? TimeSpan(seconds: 90 * 86_400),
                    key: word(node, "algorithm", as: GeneratorSpec.KeyKind.self) ?? .ec, bits: bits, curve: curve,
                    issuer: string(node, "issuer")))
        default: return nil
        }
    }

    private func handler(_ node: NodeID) -> HandlerSpec? {
        let timeout = TimeSpan(seconds: 30)
        if let body = self.node(node, "postgresql") {
            return .postgresql(
                connection: string(body, "connection") ?? "", role: string(body, "role") ?? "",
                alternateRole: string(body, "alternateRole"))
        }
        if let body = self.node(node, "exec") {
            return .exec(command: string(body, "command") ?? "", timeout: duration(body, "timeout") ?? timeout)
        }
        if let body = self.node(node, "http") {
            return .http(
                connection: string(body, "connection") ?? "", path: string(body, "path") ?? "/",
                method: string(body, "method") ?? "POST", timeout: duration(body, "timeout") ?? timeout)
        }
        return self.node(node, "oauth").map {
            .oauth(connection: string($0, "connection") ?? "", scopes: strings($0, "scopes"))
        }
    }
}
