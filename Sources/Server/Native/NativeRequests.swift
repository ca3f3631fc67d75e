internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// What a write asks for.
struct WriteRequest {
    let content: SecretService.Content
    /// The version that the caller believes to be current; 0 for none.
    let check: Int64?

    init(_ request: APIRequest) throws {
        guard let document = try? JSONParser<SecretJSON>.parse(request.body), let members = document.members else {
            throw ServiceFailure(.badRequest, "the body is no JSON object")
        }
        guard Set(members.keys).isSubset(of: ["value", "binary", "expected_version"]), let value = members["value"]
        else {
            throw ServiceFailure(
                .badRequest, "the body has the key `value`, and may have `binary` and `expected_version`")
        }
        let written = try SecretValue(value, binary: try Self.binary(members["binary"]))
        content = try request.query["field"].map { .field(try Self.leaf($0, written)) } ?? .replace(written)
        let said = try members["expected_version"].flatMap { $0.isNull ? nil : $0 }
            .map { try $0.revealJSON().versionNumber("expected_version") ?? 0 }
        let tagged = try request.expectedVersion()
        guard said == nil || tagged == nil || said == tagged else {
            throw ServiceFailure(.badRequest, "`expected_version` and `If-Match` differ")
        }
        check = said ?? tagged
    }

    private static func binary(_ list: SecretJSON?) throws(ServiceFailure) -> Set<String> {
        guard let list else { return [] }
        guard let items = list.items, items.allSatisfy({ $0.text != nil }) else {
            throw ServiceFailure(.badRequest, "`binary` is a list of fields")
        }
        return Set(items.compactMap(\.text))
    }

    private static func leaf(_ field: String, _ value: SecretValue) throws(ServiceFailure) -> SecretValue.Leaf {
        guard let path = FieldPath(field), path != .whole, value.isScalar else {
            throw ServiceFailure(.badRequest, "with `field`, the value is a scalar and `field` the name of one")
        }
        return SecretValue.Leaf(path: path.segments, type: value.leaves[0].type, bytes: value.leaves[0].bytes)
    }
}

/// Several secrets at once.
struct BatchRequest {
    private static let largest = 1000
    let references: [SecretReference]
    private let fields: [String?]

    init(_ members: [String: JSON], organization: String) throws {
        guard let list = members["secrets"]?.arrayValue, members.count == 1, (1...Self.largest).contains(list.count)
        else { throw ServiceFailure(.badRequest, "the body is `{\"secrets\": […]}` with 1 to \(Self.largest) of them") }
        var (references, fields): ([SecretReference], [String?]) = ([], [])
        for item in list {
            guard let entry = item.objectValue, Set(entry.keys).isSubset(of: ["name", "version", "field"]),
                let name = entry["name"]?.stringValue,
                let field = Self.field(entry["field"])
            else {
                throw ServiceFailure(.badRequest, "a secret is `{\"name\": …}`, and may have `version` and `field`")
            }
            references.append(
                SecretReference(
                    try SecretID(validating: name, organization: organization),
                    version: try entry["version"].flatMap { try $0.versionNumber("version") }))
            fields.append(field.name)
        }
        (self.references, self.fields) = (references, fields)
    }

    private static func field(_ json: JSON?) -> (name: String?, Void)? {
        switch json {
        case nil, .null: (nil, ())
        case .string(let name): (name, ())
        default: nil
        }
    }

    /// The value, or why there is none.
    func document(_ index: Int, _ result: Result<SecretReading, any Error>) -> SecretBytes {
        do {
            return try result.get().document(field: fields[index])
        } catch {
            let failure = UnexpectedFailure.wrapping(error)
            let document: JSON = [
                "name": .string(references[index].id.name), "error": NativeFailure.error(failure),
            ]
            return SecretBytes(document.canonicalBytes)
        }
    }
}

extension JSON {
    /// `nil` for null.
    func versionNumber(_ key: String) throws(ServiceFailure) -> Int64? {
        if self == .null { return nil }
        guard let number = integerValue, number >= 0 else {
            throw ServiceFailure(.badRequest, "`\(key)` is no number of a version")
        }
        return number
    }
}

extension APIRequest {
    /// What `If-Match` says, or `If-None-Match: *`, which is 0: that there is nothing yet.
    func expectedVersion() throws(ServiceFailure) -> Int64? {
        if let none = header("if-none-match") {
            guard none == "*", header("if-match") == nil else {
                throw ServiceFailure(
                    .badRequest, "where something is written, `If-None-Match` is `*`, without `If-Match`")
            }
            return 0
        }
        guard let tag = header("if-match") else { return nil }
        guard tag.hasPrefix("\"v"), tag.hasSuffix("\""), let number = Int64(tag.dropFirst(2).dropLast()), number > 0
        else { throw ServiceFailure(.badRequest, "`If-Match` is the `ETag` of one version, for example \"v3\"") }
        return number
    }

    func flag(_ name: String) throws(ServiceFailure) -> Bool {
        switch query[name] {
        case nil, "false": return false
        case "true": return true
        default: throw ServiceFailure(.badRequest, "`\(name)` is true or false")
        }
    }

    /// Throws for what no name begins with: what might be anything stands in no audit record.
    func beginningOfName(_ name: String) throws(ServiceFailure) -> String {
        let text = query[name] ?? ""
        let probe = text.hasSuffix("/") || text.hasSuffix(".") ? "\(text)x" : text
        guard text.isEmpty || ResourceName.problem(probe) == nil else {
            throw ServiceFailure(.badRequest, "no name of a secret begins like `\(name)`")
        }
        return text
    }
}
