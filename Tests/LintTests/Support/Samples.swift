import ResealCore
import ResealManifests
import TestSupport

/// Made-up secrets. None stands in the sources, where other scanners would find it.
enum Sample {
    static func letters(_ alphabet: String, _ count: Int, seed: UInt64 = 7) -> String {
        var generator = SeededGenerator(seed: seed)
        let letters = Array(alphabet)
        return String((0..<count).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] })
    }

    static let digits = "0123456789"
    static let lower = "abcdefghijklmnopqrstuvwxyz"
    static let upper = lower.uppercased()
    static let alphanumeric = lower + upper + digits
    static let base64 = alphanumeric + "+/"
    static let hex = digits + "abcdef"

    static let githubToken = "ghp" + "_" + letters(alphanumeric, 36)
    static let awsKey = "AK" + "IA" + letters(upper + "234567", 16)
    static let random = letters(base64, 40)
    static let ageIdentity = "AGE-SECRET" + "-KEY-1" + letters("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)
    static let webToken =
        "eyJhbGciOiJIUzI1NiJ9" + "." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0" + "." + letters(alphanumeric + "-_", 43)

    static func pem(_ label: String = "PRIVATE KEY") -> String {
        let body = (0..<4).map { letters(base64, 64, seed: UInt64($0)) }.joined(separator: "\n")
        return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n"
    }

    static let armor =
        "-----BEGIN AGE ENCRYPTED FILE-----\n" + letters(base64, 64) + "\n-----END AGE ENCRYPTED FILE-----\n"
}

extension FileLint {
    /// 2026-01-01.
    static let now = Timestamp(seconds: 1_767_225_600)

    static func findings(
        _ text: String, file: String = "settings.yaml", config: LintConfig = LintConfig(),
        files: [String: [UInt8]] = [:]
    ) -> [LintFinding] {
        FileLint(config, now: now).judge(ManifestFile(path: file, bytes: Array(text.utf8))) { files[$0] }.findings
    }

    /// The rules that are broken, in the order of the file.
    static func rules(_ text: String, file: String = "settings.yaml", config: LintConfig = LintConfig()) -> [LintRule] {
        findings(text, file: file, config: config).map(\.rule)
    }
}
