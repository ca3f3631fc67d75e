internal import Foundation
package import ResealCore

/// A key that signs commits, and the program that signs with it.
package struct SigningKey: Sendable {
    fileprivate let settings: [String]
    fileprivate let variables: [String: String]
    // Ends the agent with the last key of its folder.
    private let home: OpenPGPHome?

    /// A private key file, or the certificate beside one.
    package static func ssh(_ file: String) -> SigningKey {
        SigningKey(settings: ["gpg.format=ssh", "user.signingkey=\(file)"], variables: [:], home: nil)
    }

    /// - Parameter program: runs instead of gpg.
    package static func openPGP(_ home: OpenPGPHome, _ fingerprint: String, program: String? = nil) -> SigningKey {
        SigningKey(
            settings: ["user.signingkey=\(fingerprint)"] + (program.map { ["gpg.program=\($0)"] } ?? []),
            variables: ["GNUPGHOME": home.path], home: home)
    }
}

/// A folder of GnuPG with an agent of its own, which is ended with the object.
package final class OpenPGPHome: Sendable {
    package let path: String
    private let folder: TemporaryFolder

    package init() throws {
        folder = try TemporaryFolder()
        path = folder.path
    }

    deinit { _ = try? Command.run("gpgconf", ["--homedir", path, "--kill", "gpg-agent"]) }

    @discardableResult
    package func gpg(_ arguments: String..., stdin: String = "") throws -> Command.Result {
        try Command.check(
            "gpg",
            ["--homedir", path, "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
                + arguments,
            stdin: Array(stdin.utf8))
    }

    /// Makes a signing key and answers its fingerprint.
    ///
    /// - Parameter created: a day, eight digits; now if it is `nil`.
    package func create(_ name: String, expires: String = "0", created: String? = nil) throws -> String {
        let time = created.map { ["--faked-system-time", "\($0)T000000"] } ?? []
        try Command.check(
            "gpg",
            ["--homedir", path, "--batch", "--quiet", "--passphrase", ""] + time
                + ["--quick-generate-key", name, "ed25519", "sign", expires])
        let listed = try gpg("--with-colons", "--list-keys", "=\(name)").text
        let line = listed.split(separator: "\n").first { $0.hasPrefix("fpr:") }
        guard let fingerprint = line?.split(separator: ":").last else {
            throw Command.Failure(description: "no key for \(name): \(listed)")
        }
        return String(fingerprint)
    }

    /// Takes the certificate in that gpg makes beside each new key.
    package func revoke(_ fingerprint: String) throws {
        let text = try String(contentsOfFile: "\(path)/openpgp-revocs.d/\(fingerprint).rev", encoding: .utf8)
        try gpg("--import", stdin: text.replacing(":-----BEGIN", with: "-----BEGIN"))
    }
}

extension GitFixture {
    /// Runs git so that it signs the commits that it makes, unless `key` is `nil`.
    @discardableResult
    package func git(
        signing key: SigningKey?, _ arguments: [String], variables: [String: String] = [:]
    ) throws -> String {
        let settings = (key.map { $0.settings + ["commit.gpgsign=true"] } ?? []).flatMap { ["-c", $0] }
        let environment = Self.environment.merging(key?.variables ?? [:]) { $1 }.merging(variables) { $1 }
        return try Command.check("git", settings + arguments, environment: environment, directory: path).text
    }

    /// Commits everything that differs, or an empty commit, signed.
    ///
    /// - Parameters:
    ///   - committer: the address.
    ///   - date: seconds since the epoch; the fixture's own time if it is `nil`.
    @discardableResult
    package func commit(
        _ message: String = "change", signedBy key: SigningKey?, committer: String? = nil, date: Int64? = nil
    ) throws -> ObjectID {
        var variables: [String: String] = [:]
        if let committer { variables["GIT_COMMITTER_EMAIL"] = committer }
        if let date { variables["GIT_COMMITTER_DATE"] = "\(date) +0000" }
        try git("add", "--all")
        try git(
            signing: key, ["commit", "--quiet", "--allow-empty", "--message", message], variables: variables)
        return try id("HEAD")
    }

    /// Merges a branch into the one that is checked out, always with a commit, signed.
    @discardableResult
    package func merge(_ branch: String, signedBy key: SigningKey?, options: [String] = []) throws -> ObjectID {
        try git(signing: key, ["merge", "--quiet", "--no-ff", "--message", "merge \(branch)"] + options + [branch])
        return try id("HEAD")
    }
}
