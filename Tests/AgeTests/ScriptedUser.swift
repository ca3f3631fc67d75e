import ResealAge
import ResealSealing
import Synchronization

/// A user who answers every question the same way, and remembers what he was asked and shown.
final class ScriptedUser: KeyInteraction {
    private let secret: String?
    private let line: String
    private let saysYes: Bool
    private let seen = Mutex<[String]>([])

    /// Without a secret he is not there: every question fails.
    init(secret: String?, line: String = "a line", saysYes: Bool = true) {
        (self.secret, self.line, self.saysYes) = (secret, line, saysYes)
    }

    var questions: [String] { seen.withLock { $0 } }

    private func note(_ question: String) throws(AgeFailure) -> String {
        seen.withLock { $0.append(question) }
        guard let secret else { throw AgeFailure(.passphrase, "nobody is there") }
        return secret
    }

    func secret(_ question: String) throws(AgeFailure) -> SecretBytes { SecretBytes(utf8: try note(question)) }

    func line(_ question: String) throws(AgeFailure) -> SecretBytes {
        _ = try note(question)
        return SecretBytes(utf8: line)
    }

    func confirm(_ question: String, yes: String, no: String?) throws(AgeFailure) -> Bool {
        _ = try note("\(question) [\(yes)] [\(no ?? "")]")
        return saysYes
    }

    func show(_ message: String) throws(AgeFailure) { _ = try note(message) }
}
