internal import ArgumentParser
internal import ResealCore
internal import ResealManifests
internal import ResealReconciler
internal import ResealVault

/// Lists of the Recipients manifest.
struct RecipientsPlaces: ParsableArguments {
    @Option(help: ArgumentHelp("A group of the manifest; may be repeated.", valueName: "name"))
    var group: [String] = []

    @Option(
        help: ArgumentHelp("A rule, by its number in `recipients list`; may be repeated.", valueName: "number"))
    var rule: [Int] = []

    var places: [RecipientsPlace] { group.map { .group($0) } + rule.map { .rule($0) } }
}

struct RecipientsAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Name a recipient in a group or a rule. Needs no key; seals nothing.",
        discussion: """
            Edits the Recipients manifest in place; every other byte of it stays. A group that is not there yet is made, \
            and a group of one is a name for its member.

            EXAMPLES
              reseal recipients add age1… --group sre
              reseal recipients add age1… --group alice && reseal recipients add group:alice --rule 2
              reseal rekey
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup var tree: WorkTreeOptions
    @OptionGroup var places: RecipientsPlaces

    @Argument(help: "The recipient (a public key), or group:NAME for a rule.")
    var recipient: String

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func validate() throws {
        guard !places.places.isEmpty else { throw ValidationError("name a list with --group or --rule") }
        guard !recipient.hasPrefix("group:") || places.group.isEmpty else {
            throw ValidationError("a group cannot be in a group; name a rule with --rule")
        }
    }

    func run() throws {
        let change = try RecipientsChange(try tree.checkout(location.vaultHome))
        let outcome = try change.add(recipient, to: places.places)
        let view = RecipientsChangeView(outcome: outcome)
        if json { return Terminal.print(view.document.canonical) }
        let names = outcome.places.map(\.description).joined(separator: ", ")
        let who = SafeText.line(RecipientNames.shortened(recipient))
        Terminal.note(
            outcome.places.isEmpty
                ? "\(who) is there already" : "added \(who) to \(names) in \(SafeText.line(outcome.path))")
        Terminal.note(view.rekeying)
    }
}

struct RecipientsRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a recipient out of the rules, and list all that it could open. Needs no key; reseals nothing.",
        discussion: """
            Lists every value that the recipient could open, in the whole history of the repository, and keeps the list \
            in \(OffboardingReport.folder): resealing takes back nothing that was read, so the credentials have to \
            change. Then takes the recipient out of the Recipients manifest, in place.

            `reseal offboard` does the same and reseals the values as well.

            EXAMPLES
              reseal recipients remove alice && reseal rekey
              reseal recipients remove age1… --group sre
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup var tree: WorkTreeOptions
    @OptionGroup var places: RecipientsPlaces

    @Argument(help: "The recipient: the whole public key, its fingerprint, or its name.")
    var recipient: String

    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() throws {
        let offboarding = try Offboarding(try tree.checkout(location.vaultHome), now: WallClock.system.now())
        let chosen = places.places
        let outcome = try offboarding.remove(
            try offboarding.recipient(recipient), from: chosen.isEmpty ? nil : Set(chosen), isDryRun: dryRun)
        let view = OffboardingView(outcome: outcome, isDryRun: dryRun)
        if json { return Terminal.print(view.document.canonical) }
        Terminal.print(view.text(Style()))
        Terminal.note(RecipientsChangeView(outcome: outcome.change).rekeying)
    }
}
