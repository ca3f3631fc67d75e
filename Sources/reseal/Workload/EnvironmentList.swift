internal import ResealCore

/// The variables that a command line and its files ask for.
struct EnvironmentList {
    private static let hint = "write NAME=SECRET or NAME=SECRET#FIELD, for example DB_PASSWORD=prod/orders-db#password"
    private static let maximumBytes = 1 << 20

    private let options: ExecCommand

    init(_ options: ExecCommand) { self.options = options }

    func plan() throws -> EnvironmentPlan {
        if !options.prefix.isEmpty {
            guard EnvironmentName.isValid(options.prefix) else {
                throw UsageFailure("--prefix cannot begin the name of a variable", hint: "for example DB_")
            }
            guard !options.allFields.isEmpty else {
                throw UsageFailure("--prefix is for the names that --all-fields makes", hint: "give --all-fields too")
            }
        }
        var plan = EnvironmentPlan(prefix: options.prefix)
        for path in options.envFile { try add(fileAt: path, to: &plan) }
        for text in options.env { try add(text, "--env `\(text.prefix(80))`", to: &plan) }
        for name in options.allFields { plan.addAllFields(of: try options.source.organization.id(name)) }
        return plan
    }

    private func add(fileAt path: String, to plan: inout EnvironmentPlan) throws {
        let bytes = try AtomicFile.read(path, limit: Self.maximumBytes)
        let lines = String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let text = line.drop(while: \.isWhitespace)
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            // A file of variables may hold values by mistake, so that no line is repeated.
            try add(String(text), "\(path):\(index + 1):1", to: &plan)
        }
    }

    private func add(_ text: String, _ place: String, to plan: inout EnvironmentPlan) throws {
        guard let equals = text.firstIndex(of: "="), EnvironmentName.isValid(String(text[..<equals])) else {
            throw UsageFailure("\(place): no name of a variable and `=`", hint: Self.hint)
        }
        let wanted = String(text[text.index(after: equals)...])
        guard let reference = try? SecretReference(wanted, organization: options.source.organization) else {
            throw UsageFailure("\(place): no name of a secret behind the `=`", hint: Self.hint)
        }
        let name = String(text[..<equals])
        guard !EnvironmentName.isOwn(name) else {
            throw UsageFailure(
                "\(place): variables that begin with RESEAL_ are Reseal's own", hint: "choose another name")
        }
        plan.add(name, reference)
    }
}
