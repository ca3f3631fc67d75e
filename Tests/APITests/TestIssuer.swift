import Foundation
import ResealCore
import TestSupport

/// A key of an identity provider, made and used by the program `openssl`.
struct TestKey {
    enum Kind: String { case rsa, p256, p384, ed25519 }

    let kind: Kind
    let id: String
    let folder: TemporaryFolder
    private var path: String { folder.file("\(id).key") }

    init(_ kind: Kind, id: String, in folder: TemporaryFolder, rsaBits: Int = 2048) throws {
        (self.kind, self.id, self.folder) = (kind, id, folder)
        let options =
            switch kind {
            case .rsa: ["RSA", "-pkeyopt", "rsa_keygen_bits:\(rsaBits)"]
            case .p256: ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            case .p384: ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]
            case .ed25519: ["ED25519"]
            }
        try Command.check("openssl", ["genpkey", "-algorithm"] + options + ["-out", folder.file("\(id).key")])
    }

    func jwk() throws -> JSON {
        let der = try Command.check("openssl", ["pkey", "-in", path, "-pubout", "-outform", "DER"]).stdout
        func coordinate(_ size: Int, _ place: Int) -> JSON {
            let point = Array(der.suffix(2 * size))
            return .string(Self.base64URL(Array(point[(place * size)..<((place + 1) * size)])))
        }
        var members: [String: JSON] = ["kid": .string(id), "use": "sig"]
        switch kind {
        case .rsa:
            let text = try Command.check("openssl", ["rsa", "-in", path, "-noout", "-modulus"]).text
            let hex = text.trimmingCharacters(in: .whitespacesAndNewlines).dropFirst("Modulus=".count)
            members["kty"] = "RSA"
            members["n"] = .string(Self.base64URL(Hex.decode(String(hex)) ?? []))
            members["e"] = "AQAB"
        case .p256:
            members.merge(["kty": "EC", "crv": "P-256", "x": coordinate(32, 0), "y": coordinate(32, 1)]) { $1 }
        case .p384:
            members.merge(["kty": "EC", "crv": "P-384", "x": coordinate(48, 0), "y": coordinate(48, 1)]) { $1 }
        case .ed25519:
            members.merge(["kty": "OKP", "crv": "Ed25519", "x": .string(Self.base64URL(Array(der.suffix(32))))]) { $1 }
        }
        return .object(members)
    }

    /// A signed token.
    func token(_ algorithm: String, _ claims: JSON, header extra: [String: JSON] = [:]) throws -> String {
        var header: [String: JSON] = ["alg": .string(algorithm), "typ": "JWT", "kid": .string(id)]
        header.merge(extra) { $1 }
        let head = Self.base64URL(JSON.object(header).canonicalBytes)
        let text = "\(head).\(Self.base64URL(claims.canonicalBytes))"
        return "\(text).\(Self.base64URL(try signature(algorithm, of: text)))"
    }

    private func signature(_ algorithm: String, of text: String) throws -> [UInt8] {
        let message = folder.file("message-\(UUID().uuidString)")
        try Data(text.utf8).write(to: URL(fileURLWithPath: message))
        if kind == .ed25519 {
            return try Command.check("openssl", ["pkeyutl", "-sign", "-inkey", path, "-rawin", "-in", message]).stdout
        }
        var words = ["dgst", "-sha\(algorithm.suffix(3))", "-sign", path]
        if algorithm.hasPrefix("PS") {
            words += ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
        }
        let signature = try Command.check("openssl", words + [message]).stdout
        return kind == .rsa ? signature : Self.numbers(ofDER: signature, size: kind == .p256 ? 32 : 48)
    }

    /// The two numbers of a signature in DER, each of `size` bytes.
    private static func numbers(ofDER der: [UInt8], size: Int) -> [UInt8] {
        var rest = der[2...]
        var numbers: [UInt8] = []
        while rest.count > 2 {
            let length = Int(rest[rest.startIndex + 1])
            let number = rest.dropFirst(2).prefix(length).drop { $0 == 0 }
            numbers += [UInt8](repeating: 0, count: size - number.count) + number
            rest = rest.dropFirst(2 + length)
        }
        return numbers
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        Base64.encode(bytes, padded: false).replacing("+", with: "-").replacing("/", with: "_")
    }
}

/// An identity provider of this machine. Stopped with the object.
final class TestIssuer: Sendable {
    let folder: TemporaryFolder
    let url: String
    private let process: RunningProcess

    init() throws {
        folder = try TemporaryFolder()
        try TestCertificates.create(in: folder.path)
        let port = try LoopbackPort.unused()
        url = "https://localhost:\(port)"
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Scripts/issuer.py"
        try folder.write(#"{"issuer":"\#(url)","jwks_uri":"\#(url)/keys"}"#, to: "configuration")
        try folder.write(#"{"keys":[]}"#, to: "keys")
        process = try RunningProcess(
            try Command.find("python3"), [script, "\(port)", folder.path], environment: GitFixture.environment,
            streams: folder.path)
        try LoopbackPort.waitUntilOpen(port)
    }

    deinit { process.kill() }

    var authorityFile: String { folder.file("ca.pem") }

    func publish(_ keys: TestKey...) throws {
        try folder.write(JSON.object(["keys": .array(try keys.map { try $0.jwk() })]).canonical, to: "keys")
    }

    var isDown: Bool {
        get { FileManager.default.fileExists(atPath: folder.file("down")) }
        set {
            if newValue {
                _ = FileManager.default.createFile(atPath: folder.file("down"), contents: nil)
            } else {
                unlink(folder.file("down"))
            }
        }
    }

    var requests: [String] {
        let text = (try? folder.read("requests")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// Claims of a token that is valid now.
    func claims(_ extra: [String: JSON] = [:]) -> JSON {
        let now = Int64(Date().timeIntervalSince1970)
        let claims: [String: JSON] = [
            "iss": .string(url), "aud": "reseal", "sub": "repo:octo/app:ref:refs/heads/main",
            "iat": .integer(now), "exp": .integer(now + 300), "repository": "octo/app", "ref": "refs/heads/main",
        ]
        return .object(claims.merging(extra) { $1 })
    }
}
