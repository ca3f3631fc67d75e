/// The fields that secrets of a type have as a rule.
package struct SecretTemplate: Sendable {
    package struct Field: Sendable, Equatable {
        package let name: String
        package let isSealed: Bool

        package init(_ name: String, isSealed: Bool = false) {
            self.name = name
            self.isSealed = isSealed
        }
    }

    /// Empty for a value that is one sealed scalar.
    package let fields: [Field]
    /// `rotation.generate` that makes the sealed field, by paths below it; empty where only someone else can make it.
    package let generator: [(path: String, value: String)]

    package static func of(_ type: SecretType) -> SecretTemplate {
        switch type {
        case .generic, .config: SecretTemplate([], [("kind", "password"), ("length", "32")])
        case .apiKey: SecretTemplate([], [])
        case .database:
            SecretTemplate(
                [Field("host"), Field("port"), Field("username"), Field("password", isSealed: true)],
                [("kind", "password"), ("field", "password"), ("length", "40")])
        case .certificate:
            SecretTemplate(
                [Field("certificate"), Field("key", isSealed: true)],
                [("kind", "x509"), ("field", "key"), ("certificateField", "certificate")])
        case .signingKey:
            SecretTemplate(
                [Field("public"), Field("key", isSealed: true)],
                [("kind", "ed25519"), ("field", "key"), ("publicField", "public")])
        case .oauthToken:
            SecretTemplate([Field("clientID"), Field("tokenURL"), Field("clientSecret", isSealed: true)], [])
        }
    }

    private init(_ fields: [Field], _ generator: [(path: String, value: String)]) {
        self.fields = fields
        self.generator = generator
    }
}
