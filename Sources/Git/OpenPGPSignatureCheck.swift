internal import ResealCore

/// Judges OpenPGP signatures by `gpgv`, which knows no keys but those it is given.
struct OpenPGPSignatureCheck {
    private let program: GitProgram
    private let scratch: ScratchFolder

    /// - Parameter keys: public keys, binary or armored; none for nobody.
    init(_ scratch: ScratchFolder, keys: [UInt8]) throws(GitFailure) {
        program = try GitProgram("gpgv", hint: "install gpgv, which verifies OpenPGP signatures")
        self.scratch = scratch
        try scratch.write(try Self.binary(keys, scratch), "keyring")
    }

    func verdict(on signature: CommitSignature) throws(GitFailure) -> SignatureVerdict {
        try scratch.write(Array(signature.armor.utf8), "signature-openpgp")
        let result = try program.run(
            [
                "--homedir", scratch.path, "--keyring", "\(scratch.path)/keyring", "--weak-digest", "SHA1",
                "--status-fd", "1", "\(scratch.path)/signature-openpgp", "-",
            ], input: signature.payload)
        return Self.verdict(result)
    }

    /// By the lines that are made for programs. The exit status alone is 0 for some keys that have expired.
    private static func verdict(_ result: GitProgram.Result) -> SignatureVerdict {
        let lines = result.text.split(whereSeparator: \.isNewline).map { $0.split(separator: " ").map(String.init) }
            .filter { $0.count > 1 && $0[0] == "[GNUPG:]" }
        func fields(_ word: String) -> [String]? { lines.first { $0[1] == word }.map { Array($0.dropFirst(2)) } }
        if let revoked = fields("REVKEYSIG") { return .revoked(key: fields("VALIDSIG")?.last ?? revoked.first ?? "") }
        if let expired = fields("EXPKEYSIG") { return .expired("key \(expired.first ?? "") has expired") }
        if fields("EXPSIG") != nil { return .expired("the signature has expired") }
        if fields("BADSIG") != nil { return .bad("it is not of this commit") }
        if let missing = fields("NO_PUBKEY") { return .unknownSigner(key: missing.first ?? "") }
        // More than one signature is nothing that Git makes.
        let signatures = lines.filter { $0[1] == "NEWSIG" }.count
        guard result.status == 0, signatures == 1, fields("ERRSIG") == nil, fields("GOODSIG") != nil,
            let valid = fields("VALIDSIG"), let primary = valid.last, let key = valid.first, primary.utf8.count >= 40
        else { return .bad(result.complaint) }
        return .good(CommitSigner(principal: "openpgp:\(primary)", key: key))
    }

    // MARK: Armor

    private static let beginning = "-----BEGIN PGP PUBLIC KEY BLOCK-----"

    private static func binary(_ keys: [UInt8], _ scratch: ScratchFolder) throws(GitFailure) -> [UInt8] {
        guard keys.starts(with: beginning.utf8) || keys.first.map({ $0 < 0x80 }) == true,
            case let text = String(decoding: keys, as: UTF8.self), text.contains(beginning)
        else { return keys }
        let program = try GitProgram("gpg", hint: "install gpg, or give the keyring in binary form")
        var binary: [UInt8] = []
        for block in text.components(separatedByBeginning: beginning) {
            let result = try program.run(
                ["--homedir", scratch.path, "--batch", "--dearmor"], input: Array(block.utf8))
            guard result.status == 0 else {
                throw GitFailure(.file, "the OpenPGP keyring cannot be read: \(result.complaint)")
            }
            binary += result.output
        }
        return binary
    }
}

extension String {
    /// The parts that begin with `mark`, without what stands before the first.
    fileprivate func components(separatedByBeginning mark: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let start = rest.firstRange(of: mark) {
            let next = rest[start.upperBound...].firstRange(of: mark)?.lowerBound ?? rest.endIndex
            parts.append(String(rest[start.lowerBound..<next]))
            rest = rest[next...]
        }
        return parts
    }
}
