internal import ResealAge
internal import ResealCore

/// What a SOPS document says about itself, under the key `sops`.
package struct SOPSMetadata: Sendable {
    /// One age recipient, with the document's data key sealed for it.
    package struct AgeKey: Sendable {
        package let recipient: String
        /// An armored age file.
        package let sealedKey: [UInt8]

        /// As bindings name recipients; the text itself for a kind that has no fingerprint.
        package var fingerprint: String { (try? X25519Recipient(recipient))?.fingerprint ?? recipient }
    }

    package let ageKeys: [AgeKey]
    /// Kinds of keys other than age, for people; Reseal cannot use them.
    package let otherKeys: [String]
    /// The time of the last change, as it is bound to the MAC.
    let lastModified: String
    /// The sealed MAC.
    let mac: String
    /// The MAC leaves plain values out.
    let macCoversEncryptedOnly: Bool
    let selection: SOPSSelection.Rule
    /// Of the SOPS that wrote the document.
    package let version: String

    /// Names of lists of keys, and what to call them.
    static let otherKinds: [(name: String, title: String)] = [
        ("pgp", "PGP"), ("kms", "AWS KMS"), ("gcp_kms", "GCP KMS"), ("azure_kv", "Azure Key Vault"),
        ("hc_vault", "HashiCorp Vault"), ("hckms", "Huawei Cloud KMS"),
    ]

    /// Reads the metadata. `json` holds every scalar as text; lists may be objects with positions as keys.
    ///
    /// Throws ``ManifestFailure`` with the place `span`: ``ManifestFailure/Kind/sopsFormat`` for what is malformed,
    /// ``ManifestFailure/Kind/sopsUnsupported`` where no age key could open the document, and
    /// ``ManifestFailure/Kind/sopsMAC`` without a MAC.
    init(_ json: JSON, at span: SourceSpan) throws(ManifestFailure) {
        let group = try Self.keyGroup(of: json, span)
        ageKeys = try Self.ageKeys(of: group, span)
        otherKeys = Self.otherKinds.filter { !Self.list(group[$0.name]).isEmpty }.map(\.title)
        guard !ageKeys.isEmpty else { throw Self.withoutAge(otherKeys, span) }
        guard let time = json["lastmodified"]?.stringValue.flatMap({ GoTime(yaml: $0) }) else {
            throw ManifestFailure(
                .sopsFormat, "the metadata of the SOPS document has no valid `lastmodified`",
                hint: "restore the document from Git; SOPS writes it with every change", at: span)
        }
        lastModified = time.wholeSeconds
        mac = json["mac"]?.stringValue ?? ""
        guard !mac.isEmpty else {
            throw ManifestFailure(
                .sopsMAC, "the SOPS document has no MAC, so nobody can tell whether it was changed",
                hint: "restore the document from Git, or let `sops edit` write it anew", at: span)
        }
        macCoversEncryptedOnly = json["mac_only_encrypted"]?.stringValue == "true"
        version = json["version"]?.stringValue ?? ""
        selection = try Self.selection(of: json, span)
    }

    // MARK: Keys

    /// One group, whose every key opens the document. Several groups share the key among them (Shamir).
    private static func keyGroup(of json: JSON, _ span: SourceSpan) throws(ManifestFailure) -> JSON {
        let flat = (["age"] + otherKinds.map(\.name)).contains { !list(json[$0]).isEmpty }
        let groups = list(json["key_groups"])
        if flat || groups.isEmpty { return json }
        guard groups.count == 1, let group = groups.first else {
            throw ManifestFailure(
                .sopsUnsupported,
                "the SOPS document has \(groups.count) key groups, of which several are needed together",
                hint: "Reseal opens a value with one identity; put all recipients into one group: remove `key_groups` "
                    + "from the rule and run `sops updatekeys`", at: span)
        }
        return group
    }

    private static func ageKeys(of group: JSON, _ span: SourceSpan) throws(ManifestFailure) -> [AgeKey] {
        var keys: [AgeKey] = []
        for item in list(group["age"]) {
            guard let recipient = item["recipient"]?.stringValue, let sealed = item["enc"]?.stringValue else {
                throw ManifestFailure(
                    .sopsFormat, "an age key of the SOPS document lacks `recipient` or `enc`",
                    hint: "restore the document from Git, or run `sops updatekeys`", at: span)
            }
            keys.append(AgeKey(recipient: recipient, sealedKey: Array(sealed.utf8)))
        }
        return keys
    }

    private static func withoutAge(_ others: [String], _ span: SourceSpan) -> ManifestFailure {
        guard !others.isEmpty else {
            return ManifestFailure(
                .sopsFormat, "the SOPS document names no keys", hint: "restore the document from Git", at: span)
        }
        return ManifestFailure(
            .sopsUnsupported, "the SOPS document has no age recipient, only keys of \(others.joined(separator: ", "))",
            hint: "add the controller's recipient: `sops rotate --in-place --add-age age1… FILE`", at: span)
    }

    /// The elements of a list, or of an object whose keys are positions.
    private static func list(_ json: JSON?) -> [JSON] {
        if let items = json?.arrayValue { return items }
        let members = json?.objectValue ?? [:]
        return members.compactMap { key, value in Int(key).map { ($0, value) } }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    // MARK: Selection

    private static func selection(
        of json: JSON, _ span: SourceSpan
    ) throws(ManifestFailure) -> SOPSSelection.Rule {
        let given = SOPSSelection.keys.compactMap { key in
            json[key]?.stringValue.flatMap { $0.isEmpty ? nil : (key, $0) }
        }
        guard given.count <= 1 else {
            throw ManifestFailure(
                .sopsFormat, "the SOPS document has both `\(given[0].0)` and `\(given[1].0)`, which exclude each other",
                at: span)
        }
        guard let (key, text) = given.first else { return .unencryptedSuffix(SOPSSelection.defaultSuffix) }
        do throws(ManifestFailure) {
            return try SOPSSelection.Rule(key: key, text: text)
        } catch {
            throw ManifestFailure(error.kind, "`\(key)`: \(error.message)", hint: error.hint, at: span)
        }
    }
}
