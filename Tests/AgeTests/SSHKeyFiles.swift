import Foundation
import ResealAge
import ResealCore
import ResealSealing
import TestSupport

/// SSH keys as the programs of OpenSSH and OpenSSL make them.
struct SSHKeyFile {
    static let passphrase = "correct horse"
    let path: String
    /// The line of the `.pub` file.
    let publicLine: String
    /// Removes the files when nobody needs them any more.
    private let folder: TemporaryFolder

    /// Runs `ssh-keygen`; two rounds of bcrypt, since that many are as good as sixteen for a test.
    init(_ options: String..., passphrase: String = "") throws {
        let folder = try TemporaryFolder()
        try Command.check(
            "ssh-keygen", ["-q", "-N", passphrase, "-a", "2", "-C", "a comment", "-f", folder.file("key")] + options)
        try self.init(folder)
    }

    /// An Ed25519 key as `openssl` writes it, in PKCS #8; that has no SSH public key beside it, so that one is made.
    init(ed25519ByOpenSSL passphrase: String? = nil) throws {
        let folder = try TemporaryFolder()
        let encryption = passphrase.map { ["-aes256", "-pass", "pass:\($0)"] } ?? []
        try Command.check("openssl", ["genpkey", "-algorithm", "ed25519", "-out", folder.file("key")] + encryption)
        let answer = try Command.check(
            "openssl",
            ["pkey", "-in", folder.file("key"), "-pubout", "-outform", "DER", "-passin", "pass:\(passphrase ?? "")"])
        let wire: [UInt8] = [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32] + answer.stdout.suffix(32)
        try folder.write("ssh-ed25519 \(Base64.encode(wire, padded: true)) a comment", to: "key.pub")
        try self.init(folder)
    }

    private init(_ folder: TemporaryFolder) throws {
        path = folder.file("key")
        publicLine = String(decoding: try folder.read("key.pub"), as: UTF8.self).trimmingCharacters(in: .newlines)
        self.folder = folder
    }

    var bytes: [UInt8] { get throws { Array(try Data(contentsOf: URL(fileURLWithPath: path))) } }

    func identities(_ user: any KeyInteraction = NoInteraction()) throws -> [any RecipientDeriving] {
        try IdentityFile.parse(
            SecretBytes(bytes), name: "key", access: KeyAccess(interaction: user, plugins: .none)
        ) { Array(publicLine.utf8) }
    }

    func recipient() throws -> any ListedRecipient { try RecipientFile.recipient(publicLine, access: .unattended) }
}
