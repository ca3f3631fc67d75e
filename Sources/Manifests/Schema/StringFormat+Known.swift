internal import Glibc
internal import ResealAge
internal import ResealCore

extension StringFormat {
    static let resourceName = StringFormat(
        "a name such as prod/orders-db", pattern: ResourceName.pattern, problem: ResourceName.problem)

    static let organization = StringFormat(
        "a name without `/`, such as acme", pattern: ResourceName.organizationPattern,
        problem: ResourceName.organizationProblem)

    static let timeSpan = StringFormat(
        "a duration such as 90d or 12h30m (units w, d, h, m, s)", pattern: TimeSpan.pattern, bytes: 2...40,
        isValid: { TimeSpan($0) != nil })

    /// For periods and deadlines, which would never end or never begin without a length.
    static let positiveTimeSpan = StringFormat(
        timeSpan.expectation, pattern: "^(?=.*[1-9])" + TimeSpan.pattern.dropFirst(), bytes: 2...40
    ) { text in timeSpan.problem(text) ?? (TimeSpan(text)?.seconds == 0 ? "is zero" : nil) }

    static let timestamp = StringFormat(
        "a time such as 2027-01-31T08:00:00Z, or a date such as 2027-01-31",
        pattern:
            #"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$"#,
        bytes: 10...40,
        isValid: { Timestamp($0) != nil })

    static let principal: StringFormat = {
        var format = StringFormat(
            "a principal: user:NAME, service:NAME, role:NAME, or * for everyone",
            pattern: #"^(\*|(user|service|role):[A-Za-z0-9._@/+-]{1,255})$"#, bytes: 1...263,
            isValid: { Principal($0) != nil })
        format.isPrincipal = true
        return format
    }()

    static let member = StringFormat(
        "a member: user:NAME or service:NAME", pattern: "^(user|service):[A-Za-z0-9._@/+-]{1,255}$", bytes: 1...263
    ) { text in
        guard let principal = Principal(text), let kind = principal.kind else { return "is neither of them" }
        return kind == .role ? "is a role; a role cannot contain roles" : nil
    }

    static let repositoryID = StringFormat(
        "16 to 64 lower-case letters, digits and `-`", characters: "a-z0-9-", bytes: 16...64)

    static let configName = StringFormat(
        "a name that the controller's configuration defines", characters: "A-Za-z0-9._-", bytes: 1...128)

    static let label = StringFormat("letters, digits and `._/-`", characters: "A-Za-z0-9._/-", bytes: 1...128)

    /// Native, post-quantum, tagged and plugin recipients, or an SSH public key. Editors see the outline; lengths and
    /// checksums are checked here.
    private static let recipientPattern =
        "(age1[02-9ac-hj-np-z]{58}|age1[a-z0-9.+-]+1[02-9ac-hj-np-z]{6,}"
        + "|ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}( [^\\u0000-\\u001f]*)?"
        + "|ssh-rsa AAAAB3NzaC1yc2E[A-Za-z0-9+/]{300,}={0,2}( [^\\u0000-\\u001f]*)?)"

    static let recipient = StringFormat(
        "an age recipient (age1… or an SSH public key)", pattern: "^\(recipientPattern)$", bytes: 1...4096,
        problem: recipientProblem)

    static let recipientOrGroup = StringFormat(
        "an age recipient (age1… or an SSH public key) or group:NAME",
        pattern: "^(\(recipientPattern)|group:[A-Za-z0-9._-]{1,128})$",
        bytes: 1...4096
    ) { text in
        guard text.hasPrefix("group:") else { return recipientProblem(text) }
        let name = String(text.dropFirst(6))
        return configName.bytes.contains(name.utf8.count) ? configName.problem(name) : "names no group"
    }

    private static func recipientProblem(_ text: String) -> String? {
        if text.uppercased().hasPrefix("AGE-SECRET-KEY-") {
            return "is a private key; it is no longer secret, so make a new one and remove this one from Git"
        }
        do throws(AgeFailure) {
            _ = try RecipientFile.recipient(text, access: .unattended)
            return nil
        } catch {
            return text.hasPrefix("age1") || text.hasPrefix("ssh-")
                ? "is mistyped, or of a kind that is not supported" : "does not have that form"
        }
    }

    static let glob = StringFormat(
        "a pattern of `*` (within a segment), `**` (any number of segments) and `?`",
        pattern: #"^(?!.*([^/]\*\*|\*\*[^/]))[^\[\]{}\\\u0000-\u001f\u007f]+$"#, bytes: 1...512, problem: Glob.problem)

    static let cron = StringFormat(
        "five cron fields (minute hour day month weekday, in UTC), such as `0 3 * * 1-5`",
        pattern: #"^\s*\S+(\s+\S+){4}\s*$"#, bytes: 9...200, problem: CronExpression.problem)

    /// Below the folder of the manifest, so that no manifest reads what lies elsewhere.
    static let relativePath = StringFormat(
        "a path below the folder of this manifest",
        pattern: #"^(?!.*(^|/)(\.{0,2}|\.[Gg][Ii][Tt])(/|$))[^\\\u0000-\u001f\u007f]+$"#, bytes: 1...1024,
        problem: RelativePath.problem)

    static let repositoryPath = StringFormat(
        "a path from the repository's root", pattern: relativePath.pattern, bytes: 1...1024,
        problem: RelativePath.problem)

    static let pathRegex = StringFormat(
        "a regular expression in the syntax of RE2", pattern: #"^[^\u0000-\u001f\u007f]+$"#,
        bytes: 1...LinearPattern.maximumBytes
    ) { text in
        if let problem = fieldName.problem(text) { return problem }
        do throws(ManifestFailure) {
            _ = try LinearPattern(text)
            return nil
        } catch {
            return "is none"
        }
    }

    static let fieldName = StringFormat(
        "the name of a field", pattern: #"^[^\u0000-\u001f\u007f]+$"#, bytes: 1...128
    ) { text in text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f } ? "has control characters" : nil }

    static let fieldPath = StringFormat(
        "keys joined by dots",
        pattern: #"^([^\\.\u0000-\u001f\u007f]|\\[\\.])+(\.([^\\.\u0000-\u001f\u007f]|\\[\\.])+)*$"#, bytes: 1...1024
    ) { text in
        fieldName.problem(text) ?? (FieldPath(text) == nil ? #"has an empty key, or a `\` that escapes nothing"# : nil)
    }

    static let databaseRole = StringFormat(
        "a role of PostgreSQL (1 to 63 bytes)", pattern: #"^[^\u0000-\u001f\u007f]+$"#, bytes: 1...63,
        problem: fieldName.problem)

    static let email = StringFormat(
        "an e-mail address", pattern: #"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}$"#, bytes: 3...254
    ) { text in
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        let local = ASCIISet("A-Za-z0-9._%+-")
        let domain = ASCIISet("A-Za-z0-9.-")
        guard parts.count == 2, (1...64).contains(parts[0].count), (1...190).contains(parts[1].count),
            parts[0].allSatisfy(local.contains), parts[1].allSatisfy(domain.contains)
        else { return "does not have that form" }
        return nil
    }

    static let messageTemplate = StringFormat(
        "a text with {{NAME}} where something is filled in",
        pattern: #"^([^{\u0000-\u0008\u000b-\u001f\u007f]|\{(?!\{)|\{\{(NAMES)\}\})+$"#.replacing(
            "NAMES", with: NotifierSpec.placeholders.joined(separator: "|")), bytes: 1...4096
    ) { text in
        // Tabs and line breaks may stand in it.
        let isShown = text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 || $0 == 0x0a }
        guard isShown else { return "holds control characters" }
        for part in text.split(separator: "{{", omittingEmptySubsequences: false).dropFirst() {
            let name = part.firstRange(of: "}}").map { String(part[..<$0.lowerBound]) } ?? ""
            guard NotifierSpec.placeholders.contains(name) else {
                return "has a `{{` without one of these names and `}}`: "
                    + NotifierSpec.placeholders.joined(separator: ", ")
            }
        }
        return nil
    }

    static let dnsName = StringFormat(
        "a host name, `*.` in front allowed", pattern: #"^(\*\.)?[A-Za-z0-9.-]{1,251}$"#, bytes: 1...253
    ) { text in
        let allowed = ASCIISet("A-Za-z0-9.-")
        let name = text.utf8.dropFirst(text.hasPrefix("*.") ? 2 : 0)
        return !name.isEmpty && name.allSatisfy(allowed.contains) ? nil : "does not have that form"
    }

    static let ipAddress = StringFormat("an IP address", pattern: "^[0-9a-fA-F.:]{2,45}$", bytes: 2...45) { text in
        // Also keeps a NUL from C, which would see only what stands before it.
        let allowed = ASCIISet("0-9a-fA-F.:")
        guard text.utf8.allSatisfy(allowed.contains) else { return "has other characters" }
        var address = in6_addr()
        let isAddress = inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
        return isAddress ? nil : "does not have that form"
    }

    static let urlPath = StringFormat(
        "a path that begins with `/`", pattern: #"^/[A-Za-z0-9._~/%-]{0,1023}$"#, bytes: 1...1024
    ) { text in
        let allowed = ASCIISet("A-Za-z0-9._~/%-")
        guard text.hasPrefix("/"), text.utf8.allSatisfy(allowed.contains) else { return "does not have that form" }
        return AddressPath.problem(text)
    }

    static let region = StringFormat("a region such as eu-central-1", characters: "a-z0-9-", bytes: 3...40)

    static let kubernetesName = StringFormat(
        "a name of Kubernetes (lower-case letters, digits, `-` and `.`)", characters: "a-z0-9.-", bytes: 1...253)

    static let gitHubRepository = StringFormat(
        "a repository as OWNER/NAME", pattern: "^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$", bytes: 3...140
    ) { text in
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let owner = ASCIISet("A-Za-z0-9-")
        let name = ASCIISet("A-Za-z0-9._-")
        guard parts.count == 2, (1...39).contains(parts[0].count), (1...100).contains(parts[1].count),
            parts[0].allSatisfy(owner.contains), parts[1].allSatisfy(name.contains)
        else { return "does not have that form" }
        return nil
    }
}

/// Paths behind an address that the operator gives, which they do not leave, however a server on the way reads them.
enum AddressPath {
    static func problem(_ text: String) -> String? {
        guard let decoded = PercentEscapes.decode(text.utf8) else {
            return "has a `%` without two hexadecimal digits"
        }
        let escapes = ["%2f", "%5c", "%25"]
        if escapes.contains(where: text.lowercased().contains) { return "has an escaped `/`, `\\` or `%`" }
        let segments = decoded.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let leaves = segments.contains { segment in
            // Some servers take what follows a `;` for a parameter.
            let name = segment.prefix { $0 != UInt8(ascii: ";") }
            return name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8)
        }
        return leaves ? "has a segment `.` or `..`" : nil
    }
}

/// Paths of `fromFile` and `fromSOPS`.
enum RelativePath {
    static func problem(_ text: String) -> String? {
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "\\") }) {
            return "has control characters or backslashes"
        }
        if text.hasPrefix("/") { return "is absolute" }
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        if segments.contains("..") { return "leaves the folder (`..`)" }
        if segments.contains(where: { $0.isEmpty || $0 == "." }) { return "has an empty segment or `.`" }
        // A work tree is read as it lies there, and no value stands in Git's own files.
        if segments.contains(where: { $0.lowercased() == ".git" }) { return "has the segment `.git`" }
        return nil
    }

    /// The path from the root of the repository of what `path` names in the manifest `file`.
    static func resolve(_ path: String, in file: String) -> String {
        file.lastIndex(of: "/").map { file[...$0] + path } ?? path
    }
}
