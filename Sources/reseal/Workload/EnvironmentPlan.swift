internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// Which variables of a program's environment get which values.
struct EnvironmentPlan: Sendable {
    private var variables: [(name: String, reference: SecretReference)] = []
    private var wholes: [SecretID] = []
    private let prefix: String

    init(prefix: String) { self.prefix = prefix }

    /// All secrets, each once.
    var ids: [SecretID] {
        var seen: Set<SecretID> = []
        return (variables.map(\.reference.id) + wholes).filter { seen.insert($0).inserted }
    }

    mutating func add(_ name: String, _ reference: SecretReference) { variables.append((name, reference)) }

    /// Every field of a secret becomes a variable.
    mutating func addAllFields(of id: SecretID) { wholes.append(id) }

    /// Throws where a value cannot stand in an environment, or a variable would get two.
    func values(from readings: [SecretReading]) throws -> [EnvironmentValue] {
        let found = Dictionary(readings.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
        func reading(_ id: SecretID) throws -> SecretReading {
            guard let reading = found[id] else { throw VaultFailure(.secretNotFound, "there is no secret \(id)") }
            return reading
        }
        var values: [EnvironmentValue] = []
        for (name, reference) in variables {
            let leaf = try reading(reference.id).leaf(optional: reference.field)
            values.append(try EnvironmentValue(name, leaf.bytes, of: reference.id))
        }
        for id in wholes {
            for leaf in try reading(id).value.leaves {
                guard !leaf.path.isEmpty else {
                    throw VaultFailure(
                        .fieldNotFound, "\(id) holds a scalar, which has no fields", hint: "write --env NAME=\(id.name)"
                    )
                }
                let name = try Self.variable(for: leaf.path, of: id, prefix: prefix)
                values.append(try EnvironmentValue(name, leaf.bytes, of: id))
            }
        }
        try Self.requireDistinct(values)
        return values
    }

    /// `tls.private-key` becomes `TLS_PRIVATE_KEY`.
    private static func variable(for path: [String], of id: SecretID, prefix: String) throws -> String {
        let letters = path.joined(separator: "_").uppercased().unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)) ? Character(scalar) : "_"
        }
        let name = prefix + String(letters)
        guard EnvironmentName.isValid(name) else {
            throw WorkloadFailure(
                .environment, "a field of \(id) makes no name of a variable",
                hint: "name it with --env, or give --prefix")
        }
        // Whoever may write a secret must not get to choose what the program loads.
        guard !EnvironmentName.changesPrograms(name) else {
            throw WorkloadFailure(
                .environment, "a field of \(id) would set \(name), which changes how programs run",
                hint: "give --prefix, or name the variable with --env if that is meant")
        }
        return name
    }

    private static func requireDistinct(_ values: [EnvironmentValue]) throws {
        var seen: [String: SecretID] = [:]
        for value in values {
            if let other = seen.updateValue(value.id, forKey: value.name) {
                throw WorkloadFailure(
                    .environment, "the variable \(value.name) would get two values, from \(other) and from \(value.id)",
                    hint: "leave one out, or tell them apart with --prefix")
            }
        }
    }
}

/// A variable with its value.
struct EnvironmentValue: Sendable {
    let name: String
    let bytes: SecretBytes
    /// Whose value it is.
    let id: SecretID

    /// Throws ``WorkloadFailure/Kind/environment`` for a value with a NUL, at which C would end it.
    init(_ name: String, _ bytes: SecretBytes, of id: SecretID) throws {
        guard !bytes.withUnsafeBytes({ $0.contains(0) }) else {
            throw WorkloadFailure(
                .environment, "the value for \(name) from \(id) has a NUL byte, which no variable can hold",
                hint: "hand it over in a file, with `reseal template`")
        }
        self.name = name
        self.bytes = bytes
        self.id = id
    }
}

/// The names of variables.
enum EnvironmentName {
    static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first), name.utf8.count <= 255 else { return false }
        return name.utf8.allSatisfy { byte in
            (65...90).contains(byte) || (97...122).contains(byte) || (48...57).contains(byte) || byte == 95
        }
    }

    /// Reseal's own, which hold passphrases and tokens or say where they are.
    static func isOwn(_ name: String) -> Bool { name.hasPrefix("RESEAL_") }

    private static let loaders: Set<String> = [
        "PATH", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "PS4", "HOME", "SHELL", "NODE_OPTIONS", "NODE_PATH", "RUBYOPT",
        "RUBYLIB", "PERL5OPT", "PERL5LIB", "PERL5DB", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH",
        "GCONV_PATH",
    ]

    /// Those by which a loader, a shell or an interpreter is told what to run.
    static func changesPrograms(_ name: String) -> Bool {
        loaders.contains(name) || ["LD_", "PYTHON", "GIT_", "BASH_FUNC_", "DYLD_"].contains { name.hasPrefix($0) }
    }
}
