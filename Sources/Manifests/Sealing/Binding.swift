package import ResealAge
package import ResealCore

/// Where a sealed value belongs, how old it is, and for whom it was sealed.
///
/// It stands in the age header as a stanza of type `reseal.dev/bind` without arguments, whose body is canonical JSON.
/// Anyone can read it without a key; the header's MAC covers it, so only someone who knew the file key can have written
/// it. Every other age program ignores it.
package struct Binding: Sendable, Hashable {
    package static let stanzaType = "reseal.dev/bind"
    static let version: Int64 = 1
    /// Room for the fingerprints of some thousand recipients.
    static let maximumBodyBytes = 32_768
    /// The highest counter that is read or sealed: what every reader of JSON holds exactly, and far from overflowing.
    static let maximumCounter: Int64 = 1 << 53

    /// The id of the Repository.
    package let repository: String
    package let organization: String
    /// The name of the secret.
    package let secret: String
    package let field: FieldPath
    /// Rises by one at each sealing of a field, from 1.
    package let counter: Int64
    package let sealedAt: Timestamp
    /// Fingerprints of the recipients, sorted, without repetition; see ``ListedRecipient/fingerprint``.
    package let recipients: [String]
    /// The counter of the sealing that the plaintext was given at. It is lower than ``counter`` where the value was
    /// only resealed since, for other recipients; 0 if it was unbound then. Tells without a key whether a value was
    /// changed or just sealed anew.
    package let valueCounter: Int64

    /// - Parameter valueCounter: for a value that is resealed as it is, the ``valueCounter`` that it had. `nil` for a
    ///   value that is given now.
    package init(
        repository: String, organization: String, secret: String, field: FieldPath, counter: Int64, sealedAt: Timestamp,
        recipients: [any ListedRecipient], valueCounter: Int64? = nil
    ) {
        self.init(
            repository: repository, organization: organization, secret: secret, field: field, counter: counter,
            sealedAt: sealedAt, fingerprints: recipients.map(\.fingerprint), valueCounter: valueCounter)
    }

    init(
        repository: String, organization: String, secret: String, field: FieldPath, counter: Int64, sealedAt: Timestamp,
        fingerprints: [String], valueCounter: Int64?
    ) {
        self.repository = repository
        self.organization = organization
        self.secret = secret
        self.field = field
        self.counter = counter
        self.sealedAt = sealedAt
        self.valueCounter = valueCounter ?? counter
        recipients = Set(fingerprints).sorted()
    }

    package var stanza: Stanza { Stanza(type: Self.stanzaType, body: body.canonicalBytes) }

    private var body: JSON {
        var members: [String: JSON] = [
            "v": .integer(Self.version), "repo": .string(repository), "org": .string(organization),
            "secret": .string(secret), "field": .string(field.description), "n": .integer(counter),
            "at": .string(sealedAt.description), "to": .array(recipients.map(JSON.string)),
        ]
        if valueCounter != counter { members["same"] = .integer(valueCounter) }
        return .object(members)
    }

    /// The binding in a header; `nil` if there is none, as in a file that plain age made.
    ///
    /// Throws ``ManifestFailure/Kind/binding`` for a malformed one and for two: which of two would hold?
    package static func find(in stanzas: [Stanza]) throws(ManifestFailure) -> Binding? {
        let found = stanzas.filter { $0.type == stanzaType }
        guard let stanza = found.first else { return nil }
        guard found.count == 1 else {
            throw ManifestFailure(.binding, "the sealed value has two bindings", hint: advice)
        }
        return try Binding(parsing: stanza)
    }

    private static let advice = "seal the value again with `reseal seal`"

    private init(parsing stanza: Stanza) throws(ManifestFailure) {
        if let binding = Binding(plainlyWritten: stanza) {
            self = binding
            return
        }
        let malformed = ManifestFailure(.binding, "the binding of the sealed value is malformed", hint: Self.advice)
        guard stanza.arguments.isEmpty, stanza.body.count <= Self.maximumBodyBytes,
            let json = try? JSON(parsing: stanza.body, maximumDepth: 3)
        else { throw malformed }
        if let version = json["v"]?.integerValue, version > Self.version {
            throw ManifestFailure(
                .bindingVersion, "the sealed value has a binding of version \(version)", hint: "use a newer reseal")
        }
        guard let repository = json["repo"]?.stringValue, let organization = json["org"]?.stringValue,
            let secret = json["secret"]?.stringValue, let field = json["field"]?.stringValue.flatMap({ FieldPath($0) }),
            let counter = json["n"]?.integerValue, (1...Self.maximumCounter).contains(counter),
            let sealedAt = json["at"]?.stringValue.flatMap({ Timestamp($0) }), let list = json["to"]?.arrayValue
        else { throw malformed }
        let fingerprints = list.compactMap(\.stringValue).filter { $0.utf8.count == 16 && Hex.decode($0) != nil }
        self.init(
            repository: repository, organization: organization, secret: secret, field: field, counter: counter,
            sealedAt: sealedAt, fingerprints: fingerprints, valueCounter: json["same"]?.integerValue)
        // Only one text stands for a binding, so nothing hides in spelling, order, further keys or dropped entries.
        guard !recipients.isEmpty, (0...counter).contains(valueCounter), body.canonicalBytes == stanza.body else {
            throw malformed
        }
    }

    /// How the binding differs from the place where the value was found; `nil` if it fits. Completes "the value …".
    package func mismatch(repository: String, organization: String, secret: String, field: FieldPath) -> String? {
        if self.repository != repository { return "was sealed for another repository (\(quoted(self.repository)))" }
        if self.organization != organization {
            return "was sealed for organization \(quoted(self.organization)), not \(quoted(organization))"
        }
        if self.secret != secret { return "was sealed for the secret \(quoted(self.secret)), not \(quoted(secret))" }
        if self.field != field {
            return "was sealed for \(Self.describe(self.field)), not for \(Self.describe(field))"
        }
        return nil
    }

    private static func describe(_ field: FieldPath) -> String {
        field.segments.isEmpty ? "the whole value" : "the field \(quoted(field.description))"
    }
}
