internal import ResealCore
internal import ResealEngines
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// Makes the value that a rotation begins with.
enum FreshLeaves {
    static func make(
        for id: SecretID, _ subject: RotationSubject?, in current: SecretValue?, value: SecretBytes?,
        field wanted: FieldPath?, handler: (any RotationHandler)?, _ transaction: VaultTransaction,
        by context: ActionContext
    ) throws -> SecretValue {
        if handler is any IssuingHandler { return try unissued(current, given: value, id) }
        let field = try subject?.field(wanted, in: current) ?? wanted ?? only(current, id)
        var leaves: [SecretValue.Leaf]
        if let value {
            leaves = [leaf(field, value, in: current)]
        } else {
            leaves = try generated(id, subject, field, in: current, transaction, by: context)
        }
        leaves += try handler?.companions(of: field, in: current) ?? []
        if field == .whole, leaves.count == 1 { return SecretValue(scalar: leaves[0].bytes, type: leaves[0].type) }
        guard current?.isScalar != true else {
            throw ReconcileFailure(
                .noGenerator, "\(id) holds a scalar, which has no room for more than one field",
                hint: "make its value a mapping")
        }
        let kept = (current?.leaves ?? []).filter { old in !leaves.contains { $0.path == old.path } }
        return try SecretValue(leaves: kept + leaves)
    }

    /// The present value, which stays until the target has issued another.
    private static func unissued(
        _ current: SecretValue?, given value: SecretBytes?, _ id: SecretID
    ) throws -> SecretValue {
        guard value == nil else {
            throw ReconcileFailure(
                .notRotatable, "the value of \(id) is made by the server that its handler asks",
                hint: "`reseal set \(id.name) --field refresh_token` stores a refresh token")
        }
        guard let current, !current.isScalar else {
            throw HandlerFailure(
                .unsuitable, "the value of \(id) has no field `refresh_token`",
                hint: "log in at the provider, and store what it gives: reseal set \(id.name) --field refresh_token")
        }
        return current
    }

    /// The field that a rotation which is under way is about.
    static func field(
        _ subject: RotationSubject?, of value: SecretValue, among changed: [String]
    ) throws -> FieldPath {
        if let named = subject?.rotation?.generate?.field, changed.contains(named.description) { return named }
        let sealed = changed.filter { subject?.shape[$0] == true }
        return (sealed.first ?? changed.first).flatMap { FieldPath($0) } ?? .whole
    }

    private static func only(_ current: SecretValue?, _ id: SecretID) throws -> FieldPath {
        guard let current, current.leaves.count > 1 else { return FieldPath(current?.leaves.first?.path ?? []) }
        throw ReconcileFailure(
            .noGenerator, "the value of \(id) has several fields, and nothing says which one is rotated",
            hint: "name it with --field")
    }

    private static func generated(
        _ id: SecretID, _ subject: RotationSubject?, _ field: FieldPath, in current: SecretValue?,
        _ transaction: VaultTransaction, by context: ActionContext
    ) throws -> [SecretValue.Leaf] {
        guard let generator = subject?.rotation?.generate else {
            throw ReconcileFailure(
                .notRotatable, "nothing says how a new value of \(id) is made",
                hint: "give it with --value-from-stdin, or add rotation.generate to the manifest and apply it")
        }
        guard !generator.lacksCertificateField else {
            throw ReconcileFailure(
                .noGenerator, "the certificate that belongs to the new key of \(id) has no field to go to",
                hint: "set `certificateField` or `csrField` in rotation.generate")
        }
        let issuer = try issuer(of: generator, for: id, transaction, by: context)
        let made = try SecretGenerator.generate(generator.kind, now: transaction.now, issuer: issuer)
        return [leaf(field, made.secret, in: current)]
            + made.publicParts(generator).map { leaf($0.field, SecretBytes(utf8: $0.text), in: current) }
    }

    private static func leaf(_ field: FieldPath, _ bytes: SecretBytes, in current: SecretValue?) -> SecretValue.Leaf {
        let isBinary = current?.leaf(at: field)?.type == .binary || !bytes.isUTF8
        return SecretValue.Leaf(path: field.segments, type: isBinary ? .binary : .string, bytes: bytes)
    }

    // MARK: Certificates

    /// The CA that the manifest names: its secret holds one certificate and one private key, under whatever names.
    private static func issuer(
        of generator: GeneratorSpec, for id: SecretID, _ transaction: VaultTransaction, by context: ActionContext
    ) throws -> CertificateIssuer? {
        guard case .x509(let request) = generator.kind, let name = request.issuer else { return nil }
        let ca = SecretID(name, organization: id.organization)
        let (version, value) = try transaction.read(try transaction.existing(ca))
        try transaction.audit.record(
            .secretRead, ResourceKey(ca).description, version: version.number, detail: "to sign for \(id)", by: context)
        let certificates = value.leaves.filter { $0.holds("-----BEGIN CERTIFICATE-----") }
        let keys = value.leaves.filter { $0.holds("PRIVATE KEY-----") }
        guard certificates.count == 1, keys.count == 1 else {
            throw HandlerFailure(
                .unsuitable, "the secret \(ca) of the CA has no certificate with one private key, both in PEM",
                hint: "its value needs a field with each")
        }
        return try CertificateIssuer(
            certificatePEM: certificates[0].bytes.revealBytes(), privateKeyPEM: keys[0].bytes)
    }
}

extension SecretValue.Leaf {
    fileprivate func holds(_ mark: String) -> Bool {
        bytes.withUnsafeBytes { $0.holds(Array(mark.utf8)) }
    }
}

extension RotationSubject {
    /// The fields that Git does not hold, with the values that the vault has now: sealed where Git has them sealed, in
    /// plain text where they stand there in plain text, or are public by what their handler makes of them.
    func writeBackItem(_ journal: RotationRecord, _ transaction: VaultTransaction) throws -> WriteBackItem {
        let secret = try transaction.existing(id)
        let value = try transaction.openValue(of: secret, version: secret.currentVersion)
        let publicFields = rotation?.generate?.publicFields ?? []
        var values = ManifestSealer.Values(sealed: [])
        let waiting = Set(journal.unwritten.map(\.field))
        for name in waiting.sorted() {
            guard let field = FieldPath(name), let leaf = value.leaf(at: field) else { continue }
            let isPublic = publicFields.contains(field) || (isIssued && OAuthFields.isPublic(field.segments))
            let isPlain = shape[name].map { !$0 } ?? isPublic
            if isPlain, leaf.isTyped {
                values.words.append((field, leaf.bytes.revealBytes()))
            } else if isPlain, let text = leaf.bytes.revealText() {
                values.plain.append((field, text))
            } else {
                values.sealed.append((field, leaf.bytes))
            }
        }
        let isRotated = try journal.unwritten.contains { try transaction.store.isRotated($0.field, of: secret) }
        return WriteBackItem(
            id: id, version: secret.currentVersion, values: values, reason: isRotated ? .rotation : .adoptedDrift,
            content: Self.digest(secret.fields.filter { waiting.contains($0.field) }))
    }

    /// Over the content alone: counters rise without it.
    private static func digest(_ fields: [FieldState]) -> Digest256 {
        Digest256(
            hashing: fields.map { FieldState(field: $0.field, counter: 0, fingerprint: $0.fingerprint) }.encoded)
    }
}
