internal import ResealCore
internal import ResealManifests
internal import ResealReconciler
internal import ResealSealing

/// The value of a secret that is being made: which fields it has, what is in them, and what makes the next one.
struct NewSecret {
    private(set) var values: [(field: FieldPath, value: SecretBytes)]
    private(set) var generation: ManifestSealer.Generation?
    /// Fields to seal of which nothing is known yet; empty for the whole value.
    private(set) var laterFields: [String] = []
    private let template: SecretTemplate
    private let options: NewSecretOptions
    private let questions: Questions
    private var fields: [SecretTemplate.Field]

    init(_ type: SecretType, _ options: NewSecretOptions, _ questions: Questions) throws {
        template = SecretTemplate.of(type)
        self.options = options
        self.questions = questions
        values = try options.fieldsFrom.map(FieldValues.read) ?? []
        let plain = options.plain.map { SecretTemplate.Field(NewCommand.pair($0).key) }
        let sealed = options.sealed.map { SecretTemplate.Field($0, isSealed: true) }
        let given = values.compactMap { $0.field.segments.first }.map { SecretTemplate.Field($0, isSealed: true) }
        fields = plain + sealed + given.filter { !sealed.contains($0) }
        for field in fields where !FieldOption.isName(field.name) {
            throw UsageFailure("`\(SafeText.line(field.name))` is no field name", hint: "for example password")
        }
        if fields.isEmpty || options.generate, !questions.isPossible { fields += missingOfTemplate(onlySealed: true) }
        if fields.isEmpty, questions.isPossible { fields = try askForFields() }
    }

    private func missingOfTemplate(onlySealed: Bool) -> [SecretTemplate.Field] {
        let known = Set(fields.map(\.name))
        return template.fields.filter { ($0.isSealed || !onlySealed) && !known.contains($0.name) }
    }

    private func askForFields() throws -> [SecretTemplate.Field] {
        let usual = template.fields.map { $0.isSealed ? "\($0.name)!" : $0.name }.joined(separator: ", ")
        while true {
            let text = try questions.line(
                "Fields, with ! behind those to be sealed; - for a value without fields (Enter: \(usual.isEmpty ? "-" : usual))"
            )
            if text.isEmpty { return template.fields }
            if text == "-" { return [] }
            let fields = text.split(separator: ",").map { word -> SecretTemplate.Field in
                let name = word.trimmingBlanks
                return name.hasSuffix("!") ? .init(String(name.dropLast()), isSealed: true) : .init(name)
            }
            if fields.allSatisfy({ FieldOption.isName($0.name) }), Set(fields.map(\.name)).count == fields.count {
                return fields
            }
            Terminal.note("  names of fields, each once, separated by commas")
        }
    }

    /// Fills in what the manifest says of the value, and asks for what goes into it.
    mutating func complete(_ scaffold: inout ManifestScaffold) throws {
        for (key, words) in [("read", options.read), ("write", options.write)] where !words.isEmpty {
            scaffold.given[ManifestScaffold.path("permissions", key), default: []] += words
        }
        if let every = options.every { scaffold.given[ManifestScaffold.path("rotation", "every")] = [every] }
        let isWhole = fields.isEmpty
        let sealed = isWhole ? [""] : fields.filter(\.isSealed).map(\.name)
        let given = Set(values.map { $0.field.segments.first ?? "" })
        for name in sealed where !given.contains(name) { try decide(name, &scaffold) }
        if options.generate, generation == nil { try generateFirst(&scaffold) }
        // What a generator writes beside the key is not asked for.
        let made = ["publicField", "certificateField", "csrField"].compactMap {
            scaffold.given["rotation.generate.\($0)"]?.last
        }
        for field in fields where !field.isSealed && (generation == nil || !made.contains(field.name)) {
            let text = options.plain.map(NewCommand.pair).first { $0.key == field.name }?.value
            let answer = try text ?? (questions.isPossible ? questions.line("\(field.name) (Enter: leave it out)") : "")
            if !answer.isEmpty || text != nil { scaffold.plainFields.append((field.name, answer)) }
        }
    }

    /// What goes into a sealed field: something typed, something new, or nothing yet.
    private mutating func decide(_ name: String, _ scaffold: inout ManifestScaffold) throws {
        guard questions.isPossible else {
            if !options.generate || !isGenerated(name, scaffold) { laterFields.append(name) }
            return
        }
        let label = name.isEmpty ? "the value" : name
        let canGenerate =
            generation == nil && (!template.generator.isEmpty || scaffold.given["rotation.generate.kind"] != nil)
        let isUsual = canGenerate && isGenerated(name, scaffold) && !template.fields.isEmpty
        let words =
            isUsual ? ["generate", "type", "later"] : canGenerate ? ["type", "generate", "later"] : ["type", "later"]
        switch try questions.choose("How to get \(label)", words) {
        case "type":
            let value = try HiddenPrompt.read(FieldOption.question(scaffold.name, name.isEmpty ? nil : name))
            values.append((name.isEmpty ? .whole : FieldPath([name]), value))
        case "generate":
            setGenerator(name, &scaffold)
            generation = .init(ignoresHandler: true)
        default: laterFields.append(name)
        }
    }

    private func isGenerated(_ name: String, _ scaffold: ManifestScaffold) -> Bool {
        let field =
            scaffold.given["rotation.generate.field"]?.last ?? template.generator.first { $0.path == "field" }?.value
        return (field ?? "") == name || fields.count(where: \.isSealed) <= 1
    }

    private mutating func generateFirst(_ scaffold: inout ManifestScaffold) throws {
        let sealed = fields.filter(\.isSealed).map(\.name)
        let name = sealed.first { isGenerated($0, scaffold) } ?? sealed.first ?? ""
        guard scaffold.given["rotation.generate.kind"] != nil || !template.generator.isEmpty else {
            throw UsageFailure(
                "nothing says how the value is made",
                hint: "add --set rotation.generate.kind=password, or seal it later")
        }
        setGenerator(name, &scaffold)
        generation = .init(ignoresHandler: true)
    }

    /// The generator of the type, unless the command line has one.
    private func setGenerator(_ name: String, _ scaffold: inout ManifestScaffold) {
        let prefix = "rotation.generate."
        if scaffold.given[prefix + "kind"] == nil {
            let hasFields = !fields.isEmpty
            for (path, value) in template.generator where hasFields || !path.lowercased().hasSuffix("field") {
                scaffold.given[prefix + path] = scaffold.given[prefix + path] ?? [path == "field" ? name : value]
            }
        }
        if !name.isEmpty, scaffold.given[prefix + "field"] == nil { scaffold.given[prefix + "field"] = [name] }
    }
}
