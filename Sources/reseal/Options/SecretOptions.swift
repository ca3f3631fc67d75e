internal import ArgumentParser
internal import ResealCore

/// In which organization names are looked up.
struct OrganizationOption: ParsableArguments {
    @Option(
        name: [.customLong("organization"), .customLong("org")],
        help: ArgumentHelp("The organization that names belong to.", valueName: "name"))
    var organization = SecretID.defaultOrganization

    func id(_ name: String) throws -> SecretID { try SecretID(validating: name, organization: organization) }
}
