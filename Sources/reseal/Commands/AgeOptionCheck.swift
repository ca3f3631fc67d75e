internal import ResealAge

/// Refuses options that contradict each other, one by one, with what was probably meant.
struct AgeOptionCheck {
    private let options: AgeCommand

    init(_ options: AgeCommand) { self.options = options }

    func check() throws(AgeFailure) {
        try refuse(
            options.inputs.count > 1, "only one input can be given",
            "give the input last, and recipients with -r, identities with -i")
        try refuse(
            options.encrypt && options.decrypt, "-e/--encrypt can't be used with -d/--decrypt", "choose one of them")
        if options.decrypt { try checkDecryption() } else { try checkEncryption() }
        try refuse(
            standardInputUses > 1, "standard input is used for more than one purpose",
            "give INPUT as a file, and `-` to one option only")
    }

    private func checkDecryption() throws(AgeFailure) {
        try refuse(
            options.armor, "-a/--armor can't be used with -d/--decrypt", "armored files are recognised by themselves")
        try refuse(
            options.passphrase, "-p/--passphrase can't be used with -d/--decrypt",
            "files sealed with a passphrase are recognised by themselves")
        try refuse(
            !options.recipient.isEmpty, "-r/--recipient can't be used with -d/--decrypt",
            "name a private key with -i/--identity")
        try refuse(
            !options.recipientsFile.isEmpty, "-R/--recipients-file can't be used with -d/--decrypt",
            "name a file of private keys with -i/--identity")
    }

    private func checkEncryption() throws(AgeFailure) {
        for (name, values) in [("-i/--identity", options.identity), ("-j/--plugin", options.plugin)] {
            try refuse(
                !values.isEmpty && !options.encrypt && !options.passphrase,
                "\(name) needs -d/--decrypt, or -e/--encrypt to seal for the identity's own recipient",
                "to open a file, add -d/--decrypt")
        }
        let others = [
            ("-r/--recipient", options.recipient), ("-R/--recipients-file", options.recipientsFile),
            ("-i/--identity", options.identity), ("-j/--plugin", options.plugin),
        ]
        for (name, values) in others {
            try refuse(
                options.passphrase && !values.isEmpty, "-p/--passphrase can't be combined with \(name)",
                "a passphrase is always the only way to open a file")
        }
        try refuse(
            !options.passphrase && others.allSatisfy { $0.1.isEmpty }, "there is no recipient",
            "name one with -r/--recipient, -R/--recipients-file or -p/--passphrase")
    }

    private var standardInputUses: Int {
        let input = options.inputs.first ?? "-"
        return (options.recipientsFile + options.identity + [input]).count { $0 == "-" }
    }

    private func refuse(_ isWrong: Bool, _ message: String, _ hint: String) throws(AgeFailure) {
        if isWrong { throw AgeFailure(.usage, message, hint: hint) }
    }
}
