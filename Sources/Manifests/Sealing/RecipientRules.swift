package import ResealAge
internal import ResealCore

/// Who may open which value, by the Recipients manifest.
package struct RecipientRules: Sendable {
    /// The most recipients that one value may have. Their fingerprints have to fit into its binding.
    package static let maximumRecipients = 1024

    /// Those who may open a value: the controller first, each once.
    package struct Audience: Sendable {
        package let recipients: [any ListedRecipient]
        /// Of each recipient, in the same order.
        package let fingerprints: [String]
        /// How many recipients make stanzas of each type, those aside whose type only sealing shows.
        let stanzaTypes: [String: Int]
        private let members: Set<String>

        init(_ recipients: [any ListedRecipient], _ fingerprints: [String]) {
            self.recipients = recipients
            self.fingerprints = fingerprints
            stanzaTypes = Dictionary(recipients.compactMap { $0.stanzaType.map { ($0, 1) } }, uniquingKeysWith: +)
            members = Set(fingerprints)
        }

        package func contains(_ fingerprint: String) -> Bool { members.contains(fingerprint) }

        /// How those who can open a sealed value differ from these; `nil` if they do not.
        ///
        /// The value is known by the fingerprints in its binding (`nil` without one) and by the types of its other
        /// stanzas.
        package func mismatch(bound: [String]?, stanzaTypes: [String]) -> RecipientMismatch? {
            RecipientMismatch(bound: bound, stanzaTypes: stanzaTypes, wanted: self)
        }
    }

    /// One rule of the manifest.
    package struct Rule: Sendable {
        package let paths: [Glob]
        package let names: [Glob]
        /// As written; `nil` for any file.
        package let pattern: RecipientsSpec.PathPattern?
        let pathPattern: (regex: LinearPattern, folder: String)?
        /// Recipients and `group:NAME`, as written.
        package let written: [String]
        package let audience: Audience

        func fits(path: String, name: String) -> Bool {
            (paths.isEmpty || paths.contains { $0.matches(path) })
                && (names.isEmpty || names.contains { $0.matches(name) }) && fitsPattern(path)
        }

        private func fitsPattern(_ path: String) -> Bool {
            guard let (regex, folder) = pathPattern else { return true }
            guard !folder.isEmpty else { return regex.matches(path) }
            return path.hasPrefix(folder + "/") && regex.matches(String(path.dropFirst(folder.count + 1)))
        }
    }

    package let controller: any ListedRecipient
    /// In the order of the manifest.
    package let rules: [Rule]
    /// Members of each group.
    package let groups: [String: [any ListedRecipient]]
    /// Where no rule fits.
    package let fallback: Audience

    /// - Parameter access: what sealing to these recipients may do. A repository's text runs no plugin, unless whoever
    ///   seals has allowed it.
    /// - Throws: ``AgeFailure/Kind/recipient`` for a recipient that cannot be read, and for a rule with more than
    ///   ``maximumRecipients``.
    package init(_ spec: RecipientsSpec, access: KeyAccess = .unattended) throws(AgeFailure) {
        var known = KnownRecipients(access: access)
        let first = try known.number(of: spec.controller)
        var groups: [String: [Int]] = [:]
        for (name, members) in spec.groups {
            var numbers: [Int] = []
            for member in members { numbers.append(try known.number(of: member)) }
            groups[name] = numbers
        }
        var rules: [Rule] = []
        for rule in spec.rules {
            var numbers = [first]
            var seen: Set<Int> = [first]
            for text in rule.recipients {
                // A group that is not defined is an error of the manifest, found when it was read.
                let members =
                    text.hasPrefix("group:") ? groups[String(text.dropFirst(6))] ?? [] : [try known.number(of: text)]
                for member in members where seen.insert(member).inserted { numbers.append(member) }
                guard numbers.count <= Self.maximumRecipients else { throw Self.tooMany(inRule: rules.count + 1) }
            }
            rules.append(
                Rule(
                    paths: rule.paths, names: rule.names, pattern: rule.pathPattern,
                    pathPattern: try Self.compiled(rule.pathPattern),
                    written: rule.recipients, audience: known.audience(numbers)))
        }
        controller = known.recipients[first]
        fallback = known.audience([first])
        self.rules = rules
        self.groups = groups.mapValues { numbers in numbers.map { known.recipients[$0] } }
    }

    private static func tooMany(inRule number: Int) -> AgeFailure {
        AgeFailure(
            .recipient, "rule \(number) of the Recipients manifest names more than \(maximumRecipients) recipients",
            hint: "a value that many people may open is better read from the vault")
    }

    private static func compiled(
        _ pattern: RecipientsSpec.PathPattern?
    ) throws(AgeFailure) -> (regex: LinearPattern, folder: String)? {
        guard let pattern else { return nil }
        do throws(ManifestFailure) {
            return (try LinearPattern(pattern.regex), pattern.folder)
        } catch {
            // The manifest was read with the same check; a rule that says nothing must not become one for all.
            throw AgeFailure(.recipient, "the rule `\(pattern.regex.prefix(60))` is no regular expression")
        }
    }

    /// The position of the rule that decides about a value, the first one that fits; `nil` where none does.
    package func rule(path: String, name: String) -> Int? {
        rules.firstIndex { $0.fits(path: path, name: name) }
    }

    /// Those who may open the values of a secret. Where no rule fits, the controller is alone.
    ///
    /// `path` is the manifest's file from the root of the repository.
    package func audience(path: String, name: String) -> Audience {
        rule(path: path, name: name).map { rules[$0].audience } ?? fallback
    }

    /// As ``audience(path:name:)``, in the order in which values are sealed for them.
    package func recipients(path: String, name: String) -> [any ListedRecipient] {
        audience(path: path, name: name).recipients
    }

    /// Every recipient that the manifest names, each once, the controller first.
    package var everyone: [any ListedRecipient] {
        var seen: Set<String> = []
        let all =
            [controller] + groups.sorted { $0.key < $1.key }.flatMap(\.value) + rules.flatMap(\.audience.recipients)
        return all.filter { seen.insert($0.description).inserted }
    }

    /// How a sealed value differs from the rules, as ``Audience/mismatch(bound:stanzaTypes:)`` finds it, in words that
    /// complete "the value …"; `nil` if it fits.
    package func problem(bound: [String]?, stanzaTypes: [String], path: String, name: String) -> String? {
        audience(path: path, name: name).mismatch(bound: bound, stanzaTypes: stanzaTypes).map { mismatch in
            let known = Dictionary(
                mismatch.missing.map { ($0.fingerprint, $0.description) }, uniquingKeysWith: { first, _ in first })
            return mismatch.text { RecipientNames.shortened(known[$0] ?? $0) }
        }
    }
}

/// Reads each recipient of a manifest once, however often it is named.
private struct KnownRecipients {
    private let access: KeyAccess
    private(set) var recipients: [any ListedRecipient] = []
    private var fingerprints: [String] = []
    private var numbers: [String: Int] = [:]
    private var byFingerprint: [String: Int] = [:]

    init(access: KeyAccess) { self.access = access }

    mutating func number(of text: String) throws(AgeFailure) -> Int {
        if let number = numbers[text] { return number }
        let recipient = try RecipientFile.recipient(text, access: access)
        let fingerprint = recipient.fingerprint
        // Two spellings of one recipient.
        let number = byFingerprint[fingerprint] ?? recipients.count
        if number == recipients.count {
            recipients.append(recipient)
            fingerprints.append(fingerprint)
            byFingerprint[fingerprint] = number
        }
        numbers[text] = number
        return number
    }

    func audience(_ numbers: [Int]) -> RecipientRules.Audience {
        RecipientRules.Audience(numbers.map { recipients[$0] }, numbers.map { fingerprints[$0] })
    }
}
